//! The instructions that the compilers rely on are all in the table.

use std::collections::BTreeSet;

use tercel_asm::x64::instructions;

/// Integer, branch, bit and system instructions.
const INTEGER: &str = "
    mov movzx movsx movsxd lea push pop xchg cmpxchg xadd cmpxchg8b cmpxchg16b bswap movbe movnti
    add or adc sbb and sub xor cmp test not neg mul imul div idiv inc dec
    rol ror rcl rcr shl shr sar shld shrd bt bts btr btc bsf bsr tzcnt lzcnt popcnt crc32 adcx adox
    andn bextr blsi blsmsk blsr bzhi mulx pdep pext rorx sarx shlx shrx
    cbw cwde cdqe cwd cdq cqo clc stc cmc cld std lahf sahf pushfq popfq
    seto setno setb setae sete setne setbe seta sets setns setp setnp setl setge setle setg
    cmovo cmovno cmovb cmovae cmove cmovne cmovbe cmova cmovs cmovns cmovp cmovnp cmovl cmovge cmovle cmovg
    jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg
    call jmp ret leave int3 ud2 endbr64 nop pause rdtsc rdtscp cpuid mfence lfence sfence serialize syscall
    movsb movsq stosb stosd stosq cmpsb scasb prefetchnta prefetcht0 prefetcht1 prefetcht2 prefetchw clflush
    ldmxcsr stmxcsr";

/// SSE to SSE4.2.
const SSE: &str = "
    movaps movapd movups movupd movdqa movdqu lddqu movss movsd movd movq movlps movhps movlpd movhpd movhlps movlhps
    movntps movntpd movntdq movntdqa movmskps movmskpd pmovmskb movsldup movshdup movddup
    addps addpd addss addsd subps subpd subss subsd mulps mulpd mulss mulsd divps divpd divss divsd
    minps minpd minss minsd maxps maxpd maxss maxsd sqrtps sqrtpd sqrtss sqrtsd rcpps rcpss rsqrtps rsqrtss
    andps andpd andnps andnpd orps orpd xorps xorpd cmpps cmppd cmpss cmpsd comiss comisd ucomiss ucomisd
    haddps haddpd hsubps hsubpd addsubps addsubpd dpps dppd roundps roundpd roundss roundsd
    shufps shufpd unpcklps unpcklpd unpckhps unpckhpd blendps blendpd blendvps blendvpd insertps extractps
    cvtsi2ss cvtsi2sd cvtss2si cvtsd2si cvttss2si cvttsd2si cvtss2sd cvtsd2ss cvtdq2ps cvtdq2pd cvtps2dq cvtpd2dq
    cvttps2dq cvttpd2dq cvtps2pd cvtpd2ps
    paddb paddw paddd paddq paddsb paddsw paddusb paddusw psubb psubw psubd psubq psubsb psubsw psubusb psubusw
    pmullw pmulld pmulhw pmulhuw pmulhrsw pmuludq pmuldq pmaddwd pmaddubsw psadbw pavgb pavgw
    pminsb pminsw pminsd pminub pminuw pminud pmaxsb pmaxsw pmaxsd pmaxub pmaxuw pmaxud pabsb pabsw pabsd
    psignb psignw psignd phaddw phaddd phsubw phsubd
    pand pandn por pxor ptest pcmpeqb pcmpeqw pcmpeqd pcmpeqq pcmpgtb pcmpgtw pcmpgtd pcmpgtq
    psllw pslld psllq psrlw psrld psrlq psraw psrad pslldq psrldq
    pshufb pshufd pshufhw pshuflw palignr pblendw pblendvb packsswb packssdw packuswb packusdw
    punpcklbw punpcklwd punpckldq punpcklqdq punpckhbw punpckhwd punpckhdq punpckhqdq
    pmovsxbw pmovsxbd pmovsxbq pmovsxwd pmovsxwq pmovsxdq pmovzxbw pmovzxbd pmovzxbq pmovzxwd pmovzxwq pmovzxdq
    pinsrb pinsrw pinsrd pinsrq pextrb pextrw pextrd pextrq phminposuw mpsadbw pclmulqdq
    pcmpestri pcmpestrm pcmpistri pcmpistrm";

/// AVX, AVX2, FMA and F16C beyond the counterparts of SSE, which are derived below.
const AVX: &str = "
    vzeroupper vzeroall vbroadcastss vbroadcastsd vbroadcastf128 vbroadcasti128 vpbroadcastb vpbroadcastw vpbroadcastd
    vpbroadcastq vpermilps vpermilpd vpermq vpermpd vpermd vpermps vperm2f128 vperm2i128 vinsertf128 vinserti128
    vextractf128 vextracti128 vmaskmovps vmaskmovpd vpmaskmovd vpmaskmovq vtestps vtestpd vpblendd
    vblendvps vblendvpd vpblendvb vpsllvd vpsllvq vpsrlvd vpsrlvq vpsravd vcvtph2ps vcvtps2ph
    vpgatherdd vpgatherdq vpgatherqd vpgatherqq vgatherdps vgatherdpd vgatherqps vgatherqpd
    vfmadd132ps vfmadd213ps vfmadd231ps vfmadd132pd vfmadd213pd vfmadd231pd vfmadd132ss vfmadd213ss vfmadd231ss
    vfmadd132sd vfmadd213sd vfmadd231sd vfmsub231ps vfmsub231pd vfmsub231ss vfmsub231sd vfnmadd231ps vfnmadd231pd
    vfnmadd231ss vfnmadd231sd vfnmsub231ps vfnmsub231pd vfnmsub231ss vfnmsub231sd vfmaddsub231ps vfmsubadd231pd";

/// The AVX-512 subset for vector loops.
const AVX512: &str = "
    vmovdqa32 vmovdqa64 vmovdqu8 vmovdqu16 vmovdqu32 vmovdqu64 vpandd vpandq vpandnd vpandnq vpord vporq vpxord vpxorq
    vpmullq vpminsq vpminuq vpmaxsq vpmaxuq vpabsq vpsraq vpsravq vpsllvw vpsrlvw vpsravw vprold vprolq vprord vprorq
    vprolvd vprorvq vpternlogd vpternlogq vpermb vpermw vpermi2d vpermt2d vpermi2pd vpermt2ps valignd valignq
    vblendmps vblendmpd vpblendmb vpblendmw vpblendmd vpblendmq vshuff32x4 vshuff64x2 vshufi32x4 vshufi64x2
    vinsertf32x4 vinsertf64x4 vinserti32x4 vinserti64x4 vextractf32x4 vextractf64x4 vextracti32x4 vextracti64x4
    vbroadcastf32x4 vbroadcastf64x4 vbroadcasti32x4 vbroadcasti64x4 vcompressps vcompresspd vpcompressd vpcompressq
    vexpandps vexpandpd vpexpandd vpexpandq vrndscaleps vrndscalepd vrndscaless vrndscalesd vscalefps vscalefpd
    vcvtudq2ps vcvtudq2pd vcvttps2udq vcvttpd2udq vcvtqq2pd vcvtuqq2pd vcvttpd2qq vcvttpd2uqq vcvtusi2sd vcvtusi2ss
    vcvttsd2usi vcvttss2usi vpmovdb vpmovdw vpmovqb vpmovqw vpmovqd vpmovwb vpmovsdw vpmovusdb
    vpcmpb vpcmpub vpcmpw vpcmpuw vpcmpd vpcmpud vpcmpq vpcmpuq vptestmd vptestmq vptestnmd vptestnmq
    vplzcntd vplzcntq vpopcntd vpopcntq vpconflictd vpscatterdd vpscatterqq vscatterdps vscatterqpd
    kmovb kmovw kmovd kmovq kandw kandq kandnw korw korq kxorw kxnorw knotw knotq kortestw kortestq ktestw kaddw
    kshiftlw kshiftrq kunpckbw kunpckwd kunpckdq vpmovm2b vpmovm2d vpmovb2m vpmovd2m";

/// SSE instructions without a counterpart of the same name.
const WITHOUT_AVX: &[&str] = &["blendvps", "blendvpd", "pblendvb"];

#[test]
fn mandatory_mnemonics_are_in_the_table() {
    let table: BTreeSet<&str> = instructions().map(|row| row.mnemonic()).collect();
    let mut missing: Vec<String> = Vec::new();
    for mnemonic in [INTEGER, SSE, AVX, AVX512].iter().flat_map(|list| list.split_whitespace()) {
        if !table.contains(mnemonic) {
            missing.push(mnemonic.to_owned());
        }
    }
    for mnemonic in SSE.split_whitespace().filter(|mnemonic| !WITHOUT_AVX.contains(mnemonic)) {
        let avx = format!("v{mnemonic}");
        if !table.contains(avx.as_str()) {
            missing.push(avx);
        }
    }
    assert!(missing.is_empty(), "missing: {missing:?}");
}

#[test]
fn methods_have_distinct_names() {
    let names: BTreeSet<&str> = instructions().map(|row| row.name).collect();
    assert_eq!(names.len(), instructions().count());
}
