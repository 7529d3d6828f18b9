//! SSE to SSE4.2, and their counterparts with VEX and EVEX.

use super::*;

vector_table! {
    Rvm len {
        addps vaddps NP M0F 0x58 W0 (W0 Full4) All Any;
        addpd vaddpd P66 M0F 0x58 W0 (W1 Full8) All Any;
        mulps vmulps NP M0F 0x59 W0 (W0 Full4) All Any;
        mulpd vmulpd P66 M0F 0x59 W0 (W1 Full8) All Any;
        subps vsubps NP M0F 0x5C W0 (W0 Full4) All Any;
        subpd vsubpd P66 M0F 0x5C W0 (W1 Full8) All Any;
        minps vminps NP M0F 0x5D W0 (W0 Full4) All Any;
        minpd vminpd P66 M0F 0x5D W0 (W1 Full8) All Any;
        divps vdivps NP M0F 0x5E W0 (W0 Full4) All Any;
        divpd vdivpd P66 M0F 0x5E W0 (W1 Full8) All Any;
        maxps vmaxps NP M0F 0x5F W0 (W0 Full4) All Any;
        maxpd vmaxpd P66 M0F 0x5F W0 (W1 Full8) All Any;
        andps vandps NP M0F 0x54 W0 (W0 Full4) All Any;
        andpd vandpd P66 M0F 0x54 W0 (W1 Full8) All Any;
        andnps vandnps NP M0F 0x55 W0 (W0 Full4) All Any;
        andnpd vandnpd P66 M0F 0x55 W0 (W1 Full8) All Any;
        orps vorps NP M0F 0x56 W0 (W0 Full4) All Any;
        orpd vorpd P66 M0F 0x56 W0 (W1 Full8) All Any;
        xorps vxorps NP M0F 0x57 W0 (W0 Full4) All Any;
        xorpd vxorpd P66 M0F 0x57 W0 (W1 Full8) All Any;
        unpcklps vunpcklps NP M0F 0x14 W0 (W0 Full4) All Any;
        unpcklpd vunpcklpd P66 M0F 0x14 W0 (W1 Full8) All Any;
        unpckhps vunpckhps NP M0F 0x15 W0 (W0 Full4) All Any;
        unpckhpd vunpckhpd P66 M0F 0x15 W0 (W1 Full8) All Any;
        addsubps vaddsubps PF2 M0F 0xD0 W0 () All Any;
        addsubpd vaddsubpd P66 M0F 0xD0 W0 () All Any;
        haddps vhaddps PF2 M0F 0x7C W0 () All Any;
        haddpd vhaddpd P66 M0F 0x7C W0 () All Any;
        hsubps vhsubps PF2 M0F 0x7D W0 () All Any;
        hsubpd vhsubpd P66 M0F 0x7D W0 () All Any;

        paddb vpaddb P66 M0F 0xFC W0 (W0 Vl) All Any;
        paddw vpaddw P66 M0F 0xFD W0 (W0 Vl) All Any;
        paddd vpaddd P66 M0F 0xFE W0 (W0 Full4) All Any;
        paddq vpaddq P66 M0F 0xD4 W0 (W1 Full8) All Any;
        paddsb vpaddsb P66 M0F 0xEC W0 (W0 Vl) All Any;
        paddsw vpaddsw P66 M0F 0xED W0 (W0 Vl) All Any;
        paddusb vpaddusb P66 M0F 0xDC W0 (W0 Vl) All Any;
        paddusw vpaddusw P66 M0F 0xDD W0 (W0 Vl) All Any;
        psubb vpsubb P66 M0F 0xF8 W0 (W0 Vl) All Any;
        psubw vpsubw P66 M0F 0xF9 W0 (W0 Vl) All Any;
        psubd vpsubd P66 M0F 0xFA W0 (W0 Full4) All Any;
        psubq vpsubq P66 M0F 0xFB W0 (W1 Full8) All Any;
        psubsb vpsubsb P66 M0F 0xE8 W0 (W0 Vl) All Any;
        psubsw vpsubsw P66 M0F 0xE9 W0 (W0 Vl) All Any;
        psubusb vpsubusb P66 M0F 0xD8 W0 (W0 Vl) All Any;
        psubusw vpsubusw P66 M0F 0xD9 W0 (W0 Vl) All Any;
        pmullw vpmullw P66 M0F 0xD5 W0 (W0 Vl) All Any;
        pmulld vpmulld P66 M38 0x40 W0 (W0 Full4) All Any;
        pmulhw vpmulhw P66 M0F 0xE5 W0 (W0 Vl) All Any;
        pmulhuw vpmulhuw P66 M0F 0xE4 W0 (W0 Vl) All Any;
        pmulhrsw vpmulhrsw P66 M38 0x0B W0 (W0 Vl) All Any;
        pmuludq vpmuludq P66 M0F 0xF4 W0 (W1 Full8) All Any;
        pmuldq vpmuldq P66 M38 0x28 W0 (W1 Full8) All Any;
        pmaddwd vpmaddwd P66 M0F 0xF5 W0 (W0 Vl) All Any;
        pmaddubsw vpmaddubsw P66 M38 0x04 W0 (W0 Vl) All Any;
        psadbw vpsadbw P66 M0F 0xF6 W0 (W0 Vl NoMask) All Any;
        pavgb vpavgb P66 M0F 0xE0 W0 (W0 Vl) All Any;
        pavgw vpavgw P66 M0F 0xE3 W0 (W0 Vl) All Any;
        pminsb vpminsb P66 M38 0x38 W0 (W0 Vl) All Any;
        pminsw vpminsw P66 M0F 0xEA W0 (W0 Vl) All Any;
        pminsd vpminsd P66 M38 0x39 W0 (W0 Full4) All Any;
        pminub vpminub P66 M0F 0xDA W0 (W0 Vl) All Any;
        pminuw vpminuw P66 M38 0x3A W0 (W0 Vl) All Any;
        pminud vpminud P66 M38 0x3B W0 (W0 Full4) All Any;
        pmaxsb vpmaxsb P66 M38 0x3C W0 (W0 Vl) All Any;
        pmaxsw vpmaxsw P66 M0F 0xEE W0 (W0 Vl) All Any;
        pmaxsd vpmaxsd P66 M38 0x3D W0 (W0 Full4) All Any;
        pmaxub vpmaxub P66 M0F 0xDE W0 (W0 Vl) All Any;
        pmaxuw vpmaxuw P66 M38 0x3E W0 (W0 Vl) All Any;
        pmaxud vpmaxud P66 M38 0x3F W0 (W0 Full4) All Any;
        phaddw vphaddw P66 M38 0x01 W0 () All Any;
        phaddd vphaddd P66 M38 0x02 W0 () All Any;
        phaddsw vphaddsw P66 M38 0x03 W0 () All Any;
        phsubw vphsubw P66 M38 0x05 W0 () All Any;
        phsubd vphsubd P66 M38 0x06 W0 () All Any;
        phsubsw vphsubsw P66 M38 0x07 W0 () All Any;
        psignb vpsignb P66 M38 0x08 W0 () All Any;
        psignw vpsignw P66 M38 0x09 W0 () All Any;
        psignd vpsignd P66 M38 0x0A W0 () All Any;
        pand vpand P66 M0F 0xDB W0 () All Any;
        pandn vpandn P66 M0F 0xDF W0 () All Any;
        por vpor P66 M0F 0xEB W0 () All Any;
        pxor vpxor P66 M0F 0xEF W0 () All Any;
        pcmpeqb vpcmpeqb P66 M0F 0x74 W0 () All Any;
        pcmpeqw vpcmpeqw P66 M0F 0x75 W0 () All Any;
        pcmpeqd vpcmpeqd P66 M0F 0x76 W0 () All Any;
        pcmpeqq vpcmpeqq P66 M38 0x29 W0 () All Any;
        pcmpgtb vpcmpgtb P66 M0F 0x64 W0 () All Any;
        pcmpgtw vpcmpgtw P66 M0F 0x65 W0 () All Any;
        pcmpgtd vpcmpgtd P66 M0F 0x66 W0 () All Any;
        pcmpgtq vpcmpgtq P66 M38 0x37 W0 () All Any;
        psllw vpsllw P66 M0F 0xF1 W0 (W0 N16) All Any;
        pslld vpslld P66 M0F 0xF2 W0 (W0 N16) All Any;
        psllq vpsllq P66 M0F 0xF3 W0 (W1 N16) All Any;
        psrlw vpsrlw P66 M0F 0xD1 W0 (W0 N16) All Any;
        psrld vpsrld P66 M0F 0xD2 W0 (W0 N16) All Any;
        psrlq vpsrlq P66 M0F 0xD3 W0 (W1 N16) All Any;
        psraw vpsraw P66 M0F 0xE1 W0 (W0 N16) All Any;
        psrad vpsrad P66 M0F 0xE2 W0 (W0 N16) All Any;
        pshufb vpshufb P66 M38 0x00 W0 (W0 Vl) All Any;
        packsswb vpacksswb P66 M0F 0x63 W0 (W0 Vl) All Any;
        packuswb vpackuswb P66 M0F 0x67 W0 (W0 Vl) All Any;
        packssdw vpackssdw P66 M0F 0x6B W0 (W0 Full4) All Any;
        packusdw vpackusdw P66 M38 0x2B W0 (W0 Full4) All Any;
        punpcklbw vpunpcklbw P66 M0F 0x60 W0 (W0 Vl) All Any;
        punpcklwd vpunpcklwd P66 M0F 0x61 W0 (W0 Vl) All Any;
        punpckldq vpunpckldq P66 M0F 0x62 W0 (W0 Full4) All Any;
        punpcklqdq vpunpcklqdq P66 M0F 0x6C W0 (W1 Full8) All Any;
        punpckhbw vpunpckhbw P66 M0F 0x68 W0 (W0 Vl) All Any;
        punpckhwd vpunpckhwd P66 M0F 0x69 W0 (W0 Vl) All Any;
        punpckhdq vpunpckhdq P66 M0F 0x6A W0 (W0 Full4) All Any;
        punpckhqdq vpunpckhqdq P66 M0F 0x6D W0 (W1 Full8) All Any;
    }
    Rvm one {
        addss vaddss PF3 M0F 0x58 W0 (W0 N4) One Any;
        addsd vaddsd PF2 M0F 0x58 W0 (W1 N8) One Any;
        mulss vmulss PF3 M0F 0x59 W0 (W0 N4) One Any;
        mulsd vmulsd PF2 M0F 0x59 W0 (W1 N8) One Any;
        subss vsubss PF3 M0F 0x5C W0 (W0 N4) One Any;
        subsd vsubsd PF2 M0F 0x5C W0 (W1 N8) One Any;
        minss vminss PF3 M0F 0x5D W0 (W0 N4) One Any;
        minsd vminsd PF2 M0F 0x5D W0 (W1 N8) One Any;
        divss vdivss PF3 M0F 0x5E W0 (W0 N4) One Any;
        divsd vdivsd PF2 M0F 0x5E W0 (W1 N8) One Any;
        maxss vmaxss PF3 M0F 0x5F W0 (W0 N4) One Any;
        maxsd vmaxsd PF2 M0F 0x5F W0 (W1 N8) One Any;
        sqrtss vsqrtss PF3 M0F 0x51 W0 (W0 N4) One Any;
        sqrtsd vsqrtsd PF2 M0F 0x51 W0 (W1 N8) One Any;
        rcpss vrcpss PF3 M0F 0x53 W0 () One Any;
        rsqrtss vrsqrtss PF3 M0F 0x52 W0 () One Any;
        cvtss2sd vcvtss2sd PF3 M0F 0x5A W0 (W0 N4) One Any;
        cvtsd2ss vcvtsd2ss PF2 M0F 0x5A W0 (W1 N8) One Any;
        movss_merge vmovss_merge PF3 M0F 0x10 W0 (W0 N4) One Reg;
        movsd_merge vmovsd_merge PF2 M0F 0x10 W0 (W1 N8) One Reg;
        movhlps vmovhlps NP M0F 0x12 W0 (W0 N8 NoMask) One Reg;
        movlhps vmovlhps NP M0F 0x16 W0 (W0 N8 NoMask) One Reg;
        movlps vmovlps NP M0F 0x12 W0 (W0 N8 NoMask) One Mem;
        movlpd vmovlpd P66 M0F 0x12 W0 (W1 N8 NoMask) One Mem;
        movhps vmovhps NP M0F 0x16 W0 (W0 N8 NoMask) One Mem;
        movhpd vmovhpd P66 M0F 0x16 W0 (W1 N8 NoMask) One Mem;
    }
    Rvmi len {
        shufps vshufps NP M0F 0xC6 W0 (W0 Full4) All Any;
        shufpd vshufpd P66 M0F 0xC6 W0 (W1 Full8) All Any;
        cmpps vcmpps NP M0F 0xC2 W0 () All Any;
        cmppd vcmppd P66 M0F 0xC2 W0 () All Any;
        blendps vblendps P66 M3A 0x0C W0 () All Any;
        blendpd vblendpd P66 M3A 0x0D W0 () All Any;
        pblendw vpblendw P66 M3A 0x0E W0 () All Any;
        palignr vpalignr P66 M3A 0x0F W0 (W0 Vl) All Any;
        dpps vdpps P66 M3A 0x40 W0 () All Any;
        mpsadbw vmpsadbw P66 M3A 0x42 W0 () All Any;
    }
    Rvmi one {
        cmpss vcmpss PF3 M0F 0xC2 W0 () One Any;
        cmpsd vcmpsd PF2 M0F 0xC2 W0 () One Any;
        roundss vroundss P66 M3A 0x0A W0 () One Any;
        roundsd vroundsd P66 M3A 0x0B W0 () One Any;
        insertps vinsertps P66 M3A 0x21 W0 (W0 N4 NoMask) One Any;
        dppd vdppd P66 M3A 0x41 W0 () One Any;
        pclmulqdq vpclmulqdq P66 M3A 0x44 W0 () One Any;
    }
    Rm len {
        sqrtps vsqrtps NP M0F 0x51 W0 (W0 Full4) All Any;
        sqrtpd vsqrtpd P66 M0F 0x51 W0 (W1 Full8) All Any;
        rcpps vrcpps NP M0F 0x53 W0 () All Any;
        rsqrtps vrsqrtps NP M0F 0x52 W0 () All Any;
        movaps vmovaps NP M0F 0x28 W0 (W0 Vl) All Any;
        movapd vmovapd P66 M0F 0x28 W0 (W1 Vl) All Any;
        movups vmovups NP M0F 0x10 W0 (W0 Vl) All Any;
        movupd vmovupd P66 M0F 0x10 W0 (W1 Vl) All Any;
        movdqa vmovdqa P66 M0F 0x6F W0 () All Any;
        movdqu vmovdqu PF3 M0F 0x6F W0 () All Any;
        lddqu vlddqu PF2 M0F 0xF0 W0 () All Mem;
        movntdqa vmovntdqa P66 M38 0x2A W0 (W0 Vl NoMask) All Mem;
        movsldup vmovsldup PF3 M0F 0x12 W0 (W0 Vl) All Any;
        movshdup vmovshdup PF3 M0F 0x16 W0 (W0 Vl) All Any;
        movddup vmovddup PF2 M0F 0x12 W0 (W1 Dup) All Any;
        cvtdq2ps vcvtdq2ps NP M0F 0x5B W0 (W0 Full4) All Any;
        cvtps2dq vcvtps2dq P66 M0F 0x5B W0 (W0 Full4) All Any;
        cvttps2dq vcvttps2dq PF3 M0F 0x5B W0 (W0 Full4) All Any;
        cvtdq2pd vcvtdq2pd PF3 M0F 0xE6 W0 (W0 Half4) All Any;
        cvtpd2dq vcvtpd2dq PF2 M0F 0xE6 W0 (W1 Full8) All Any;
        cvttpd2dq vcvttpd2dq P66 M0F 0xE6 W0 (W1 Full8) All Any;
        cvtps2pd vcvtps2pd NP M0F 0x5A W0 (W0 Half4) All Any;
        cvtpd2ps vcvtpd2ps P66 M0F 0x5A W0 (W1 Full8) All Any;
        pabsb vpabsb P66 M38 0x1C W0 (W0 Vl) All Any;
        pabsw vpabsw P66 M38 0x1D W0 (W0 Vl) All Any;
        pabsd vpabsd P66 M38 0x1E W0 (W0 Full4) All Any;
        pmovsxbw vpmovsxbw P66 M38 0x20 W0 (W0 Vl2) All Any;
        pmovsxbd vpmovsxbd P66 M38 0x21 W0 (W0 Vl4) All Any;
        pmovsxbq vpmovsxbq P66 M38 0x22 W0 (W0 Vl8) All Any;
        pmovsxwd vpmovsxwd P66 M38 0x23 W0 (W0 Vl2) All Any;
        pmovsxwq vpmovsxwq P66 M38 0x24 W0 (W0 Vl4) All Any;
        pmovsxdq vpmovsxdq P66 M38 0x25 W0 (W0 Vl2) All Any;
        pmovzxbw vpmovzxbw P66 M38 0x30 W0 (W0 Vl2) All Any;
        pmovzxbd vpmovzxbd P66 M38 0x31 W0 (W0 Vl4) All Any;
        pmovzxbq vpmovzxbq P66 M38 0x32 W0 (W0 Vl8) All Any;
        pmovzxwd vpmovzxwd P66 M38 0x33 W0 (W0 Vl2) All Any;
        pmovzxwq vpmovzxwq P66 M38 0x34 W0 (W0 Vl4) All Any;
        pmovzxdq vpmovzxdq P66 M38 0x35 W0 (W0 Vl2) All Any;
        ptest vptest P66 M38 0x17 W0 () All Any;
    }
    Rm one {
        movss vmovss PF3 M0F 0x10 W0 (W0 N4) One Mem;
        movsd vmovsd PF2 M0F 0x10 W0 (W1 N8) One Mem;
        movq vmovq PF3 M0F 0x7E W0 (W1 N8 NoMask) One Any;
        ucomiss vucomiss NP M0F 0x2E W0 (W0 N4 NoMask) One Any;
        ucomisd vucomisd P66 M0F 0x2E W0 (W1 N8 NoMask) One Any;
        comiss vcomiss NP M0F 0x2F W0 (W0 N4 NoMask) One Any;
        comisd vcomisd P66 M0F 0x2F W0 (W1 N8 NoMask) One Any;
        phminposuw vphminposuw P66 M38 0x41 W0 () One Any;
        blendvps _ P66 M38 0x14 W0 () One Any;
        blendvpd _ P66 M38 0x15 W0 () One Any;
        pblendvb _ P66 M38 0x10 W0 () One Any;
    }
    Rmi len {
        pshufd vpshufd P66 M0F 0x70 W0 (W0 Full4) All Any;
        pshufhw vpshufhw PF3 M0F 0x70 W0 (W0 Vl) All Any;
        pshuflw vpshuflw PF2 M0F 0x70 W0 (W0 Vl) All Any;
        roundps vroundps P66 M3A 0x08 W0 () All Any;
        roundpd vroundpd P66 M3A 0x09 W0 () All Any;
    }
    Rmi one {
        pcmpestrm vpcmpestrm P66 M3A 0x60 W0 () One Any;
        pcmpestri vpcmpestri P66 M3A 0x61 W0 () One Any;
        pcmpistrm vpcmpistrm P66 M3A 0x62 W0 () One Any;
        pcmpistri vpcmpistri P66 M3A 0x63 W0 () One Any;
    }
    Mr len {
        movaps_store vmovaps_store NP M0F 0x29 W0 (W0 Vl) All Mem;
        movapd_store vmovapd_store P66 M0F 0x29 W0 (W1 Vl) All Mem;
        movups_store vmovups_store NP M0F 0x11 W0 (W0 Vl) All Mem;
        movupd_store vmovupd_store P66 M0F 0x11 W0 (W1 Vl) All Mem;
        movdqa_store vmovdqa_store P66 M0F 0x7F W0 () All Mem;
        movdqu_store vmovdqu_store PF3 M0F 0x7F W0 () All Mem;
        movntps vmovntps NP M0F 0x2B W0 (W0 Vl NoMask) All Mem;
        movntpd vmovntpd P66 M0F 0x2B W0 (W1 Vl NoMask) All Mem;
        movntdq vmovntdq P66 M0F 0xE7 W0 (W0 Vl NoMask) All Mem;
    }
    Mr one {
        movss_store vmovss_store PF3 M0F 0x11 W0 (W0 N4) One Mem;
        movsd_store vmovsd_store PF2 M0F 0x11 W0 (W1 N8) One Mem;
        movlps_store vmovlps_store NP M0F 0x13 W0 (W0 N8 NoMask) One Mem;
        movlpd_store vmovlpd_store P66 M0F 0x13 W0 (W1 N8 NoMask) One Mem;
        movhps_store vmovhps_store NP M0F 0x17 W0 (W0 N8 NoMask) One Mem;
        movhpd_store vmovhpd_store P66 M0F 0x17 W0 (W1 N8 NoMask) One Mem;
        movq_store vmovq_store P66 M0F 0xD6 W0 (W1 N8 NoMask) One Mem;
    }
    Vmi len {
        psrlw_imm vpsrlw_imm P66 M0F 0x71 W0 (W0 Vl) All Any /2;
        psraw_imm vpsraw_imm P66 M0F 0x71 W0 (W0 Vl) All Any /4;
        psllw_imm vpsllw_imm P66 M0F 0x71 W0 (W0 Vl) All Any /6;
        psrld_imm vpsrld_imm P66 M0F 0x72 W0 (W0 Full4) All Any /2;
        psrad_imm vpsrad_imm P66 M0F 0x72 W0 (W0 Full4) All Any /4;
        pslld_imm vpslld_imm P66 M0F 0x72 W0 (W0 Full4) All Any /6;
        psrlq_imm vpsrlq_imm P66 M0F 0x73 W0 (W1 Full8) All Any /2;
        psllq_imm vpsllq_imm P66 M0F 0x73 W0 (W1 Full8) All Any /6;
        psrldq vpsrldq P66 M0F 0x73 W0 (W0 Vl NoMask) All Any /3;
        pslldq vpslldq P66 M0F 0x73 W0 (W0 Vl NoMask) All Any /7;
    }
    XvgSized one {
        cvtsi2ss vcvtsi2ss PF3 M0F 0x2A W0 (W0 N4) One Any;
        cvtsi2sd vcvtsi2sd PF2 M0F 0x2A W0 (W0 N4) One Any;
    }
    GxSized one {
        cvttss2si vcvttss2si PF3 M0F 0x2C W0 (W0 N4) One Any;
        cvttsd2si vcvttsd2si PF2 M0F 0x2C W0 (W0 N8) One Any;
        cvtss2si vcvtss2si PF3 M0F 0x2D W0 (W0 N4) One Any;
        cvtsd2si vcvtsd2si PF2 M0F 0x2D W0 (W0 N8) One Any;
    }
    Xg one {
        movd vmovd P66 M0F 0x6E W0 (W0 N4) One Any;
        movq_from_gpr vmovq_from_gpr P66 M0F 0x6E W1 (W1 N8) One Reg;
    }
    Gx one {
        movd_to_gpr vmovd_to_gpr P66 M0F 0x7E W0 (W0 N4) One Any;
        movq_to_gpr vmovq_to_gpr P66 M0F 0x7E W1 (W1 N8) One Reg;
    }
    Gv len {
        movmskps vmovmskps NP M0F 0x50 W0 () All Reg;
        movmskpd vmovmskpd P66 M0F 0x50 W0 () All Reg;
        pmovmskb vpmovmskb P66 M0F 0xD7 W0 () All Reg;
    }
    Gvi one {
        pextrw vpextrw P66 M0F 0xC5 W0 (W0 N2) One Reg;
    }
    Xvgi one {
        pinsrb vpinsrb P66 M3A 0x20 W0 (W0 N1) One Any;
        pinsrw vpinsrw P66 M0F 0xC4 W0 (W0 N2) One Any;
        pinsrd vpinsrd P66 M3A 0x22 W0 (W0 N4) One Any;
        pinsrq vpinsrq P66 M3A 0x22 W1 (W1 N8) One Any;
    }
    Gxi one {
        pextrb vpextrb P66 M3A 0x14 W0 (W0 N1) One Any;
        pextrw_store vpextrw_store P66 M3A 0x15 W0 (W0 N2) One Mem;
        pextrd vpextrd P66 M3A 0x16 W0 (W0 N4) One Any;
        pextrq vpextrq P66 M3A 0x16 W1 (W1 N8) One Any;
        extractps vextractps P66 M3A 0x17 W0 (W0 N4) One Any;
    }
}
