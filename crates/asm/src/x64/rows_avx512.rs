//! The AVX-512 subset for vector loops (F, VL, BW, DQ, CD, VBMI, VPOPCNTDQ, BITALG), and mask registers.

use super::*;

vector_table! {
    Rvm len {
        _ vpandd P66 M0F 0xDB NV (W0 Full4) All Any;
        _ vpandq P66 M0F 0xDB NV (W1 Full8) All Any;
        _ vpandnd P66 M0F 0xDF NV (W0 Full4) All Any;
        _ vpandnq P66 M0F 0xDF NV (W1 Full8) All Any;
        _ vpord P66 M0F 0xEB NV (W0 Full4) All Any;
        _ vporq P66 M0F 0xEB NV (W1 Full8) All Any;
        _ vpxord P66 M0F 0xEF NV (W0 Full4) All Any;
        _ vpxorq P66 M0F 0xEF NV (W1 Full8) All Any;
        _ vpmullq P66 M38 0x40 NV (W1 Full8) All Any;
        _ vpminsq P66 M38 0x39 NV (W1 Full8) All Any;
        _ vpminuq P66 M38 0x3B NV (W1 Full8) All Any;
        _ vpmaxsq P66 M38 0x3D NV (W1 Full8) All Any;
        _ vpmaxuq P66 M38 0x3F NV (W1 Full8) All Any;
        _ vpsraq P66 M0F 0xE2 NV (W1 N16) All Any;
        _ vpsravq P66 M38 0x46 NV (W1 Full8) All Any;
        _ vpsrlvw P66 M38 0x10 NV (W1 Vl) All Any;
        _ vpsravw P66 M38 0x11 NV (W1 Vl) All Any;
        _ vpsllvw P66 M38 0x12 NV (W1 Vl) All Any;
        _ vprolvd P66 M38 0x15 NV (W0 Full4) All Any;
        _ vprolvq P66 M38 0x15 NV (W1 Full8) All Any;
        _ vprorvd P66 M38 0x14 NV (W0 Full4) All Any;
        _ vprorvq P66 M38 0x14 NV (W1 Full8) All Any;
        _ vpermb P66 M38 0x8D NV (W0 Vl) All Any;
        _ vpermw P66 M38 0x8D NV (W1 Vl) All Any;
        _ vpermq_var P66 M38 0x36 NV (W1 Full8) Wide Any;
        _ vpermpd_var P66 M38 0x16 NV (W1 Full8) Wide Any;
        _ vpermi2b P66 M38 0x75 NV (W0 Vl) All Any;
        _ vpermi2w P66 M38 0x75 NV (W1 Vl) All Any;
        _ vpermi2d P66 M38 0x76 NV (W0 Full4) All Any;
        _ vpermi2q P66 M38 0x76 NV (W1 Full8) All Any;
        _ vpermi2ps P66 M38 0x77 NV (W0 Full4) All Any;
        _ vpermi2pd P66 M38 0x77 NV (W1 Full8) All Any;
        _ vpermt2b P66 M38 0x7D NV (W0 Vl) All Any;
        _ vpermt2w P66 M38 0x7D NV (W1 Vl) All Any;
        _ vpermt2d P66 M38 0x7E NV (W0 Full4) All Any;
        _ vpermt2q P66 M38 0x7E NV (W1 Full8) All Any;
        _ vpermt2ps P66 M38 0x7F NV (W0 Full4) All Any;
        _ vpermt2pd P66 M38 0x7F NV (W1 Full8) All Any;
        _ vblendmps P66 M38 0x65 NV (W0 Full4) All Any;
        _ vblendmpd P66 M38 0x65 NV (W1 Full8) All Any;
        _ vpblendmd P66 M38 0x64 NV (W0 Full4) All Any;
        _ vpblendmq P66 M38 0x64 NV (W1 Full8) All Any;
        _ vpblendmb P66 M38 0x66 NV (W0 Vl) All Any;
        _ vpblendmw P66 M38 0x66 NV (W1 Vl) All Any;
        _ vscalefps P66 M38 0x2C NV (W0 Full4) All Any;
        _ vscalefpd P66 M38 0x2C NV (W1 Full8) All Any;
    }
    Rvmi len {
        _ vpternlogd P66 M3A 0x25 NV (W0 Full4) All Any;
        _ vpternlogq P66 M3A 0x25 NV (W1 Full8) All Any;
        _ valignd P66 M3A 0x03 NV (W0 Full4) All Any;
        _ valignq P66 M3A 0x03 NV (W1 Full8) All Any;
        _ vshuff32x4 P66 M3A 0x23 NV (W0 Full4) Wide Any;
        _ vshuff64x2 P66 M3A 0x23 NV (W1 Full8) Wide Any;
        _ vshufi32x4 P66 M3A 0x43 NV (W0 Full4) Wide Any;
        _ vshufi64x2 P66 M3A 0x43 NV (W1 Full8) Wide Any;
        _ vinsertf32x4 P66 M3A 0x18 NV (W0 N16) Wide Any;
        _ vinsertf64x2 P66 M3A 0x18 NV (W1 N16) Wide Any;
        _ vinsertf32x8 P66 M3A 0x1A NV (W0 N32) L512 Any;
        _ vinsertf64x4 P66 M3A 0x1A NV (W1 N32) L512 Any;
        _ vinserti32x4 P66 M3A 0x38 NV (W0 N16) Wide Any;
        _ vinserti64x2 P66 M3A 0x38 NV (W1 N16) Wide Any;
        _ vinserti32x8 P66 M3A 0x3A NV (W0 N32) L512 Any;
        _ vinserti64x4 P66 M3A 0x3A NV (W1 N32) L512 Any;
        _ vrangeps P66 M3A 0x50 NV (W0 Full4) All Any;
        _ vrangepd P66 M3A 0x50 NV (W1 Full8) All Any;
    }
    Rvmi one {
        _ vrndscaless P66 M3A 0x0A NV (W0 N4) One Any;
        _ vrndscalesd P66 M3A 0x0B NV (W1 N8) One Any;
    }
    Rmi len {
        _ vrndscaleps P66 M3A 0x08 NV (W0 Full4) All Any;
        _ vrndscalepd P66 M3A 0x09 NV (W1 Full8) All Any;
        _ vreduceps P66 M3A 0x56 NV (W0 Full4) All Any;
        _ vreducepd P66 M3A 0x56 NV (W1 Full8) All Any;
    }
    Mri len {
        _ vextractf32x4 P66 M3A 0x19 NV (W0 N16) Wide Any;
        _ vextractf64x2 P66 M3A 0x19 NV (W1 N16) Wide Any;
        _ vextractf32x8 P66 M3A 0x1B NV (W0 N32) L512 Any;
        _ vextractf64x4 P66 M3A 0x1B NV (W1 N32) L512 Any;
        _ vextracti32x4 P66 M3A 0x39 NV (W0 N16) Wide Any;
        _ vextracti64x2 P66 M3A 0x39 NV (W1 N16) Wide Any;
        _ vextracti32x8 P66 M3A 0x3B NV (W0 N32) L512 Any;
        _ vextracti64x4 P66 M3A 0x3B NV (W1 N32) L512 Any;
    }
    Rm len {
        _ vmovdqa32 P66 M0F 0x6F NV (W0 Vl) All Any;
        _ vmovdqa64 P66 M0F 0x6F NV (W1 Vl) All Any;
        _ vmovdqu8 PF2 M0F 0x6F NV (W0 Vl) All Any;
        _ vmovdqu16 PF2 M0F 0x6F NV (W1 Vl) All Any;
        _ vmovdqu32 PF3 M0F 0x6F NV (W0 Vl) All Any;
        _ vmovdqu64 PF3 M0F 0x6F NV (W1 Vl) All Any;
        _ vpabsq P66 M38 0x1F NV (W1 Full8) All Any;
        _ vplzcntd P66 M38 0x44 NV (W0 Full4) All Any;
        _ vplzcntq P66 M38 0x44 NV (W1 Full8) All Any;
        _ vpconflictd P66 M38 0xC4 NV (W0 Full4) All Any;
        _ vpconflictq P66 M38 0xC4 NV (W1 Full8) All Any;
        _ vpopcntd P66 M38 0x55 NV (W0 Full4) All Any;
        _ vpopcntq P66 M38 0x55 NV (W1 Full8) All Any;
        _ vpopcntb P66 M38 0x54 NV (W0 Vl) All Any;
        _ vpopcntw P66 M38 0x54 NV (W1 Vl) All Any;
        _ vbroadcastf32x2 P66 M38 0x19 NV (W0 N8) Wide Any;
        _ vbroadcastf32x4 P66 M38 0x1A NV (W0 N16) Wide Mem;
        _ vbroadcastf64x2 P66 M38 0x1A NV (W1 N16) Wide Mem;
        _ vbroadcastf32x8 P66 M38 0x1B NV (W0 N32) L512 Mem;
        _ vbroadcastf64x4 P66 M38 0x1B NV (W1 N32) L512 Mem;
        _ vbroadcasti32x2 P66 M38 0x59 NV (W0 N8) All Any;
        _ vbroadcasti32x4 P66 M38 0x5A NV (W0 N16) Wide Mem;
        _ vbroadcasti64x2 P66 M38 0x5A NV (W1 N16) Wide Mem;
        _ vbroadcasti32x8 P66 M38 0x5B NV (W0 N32) L512 Mem;
        _ vbroadcasti64x4 P66 M38 0x5B NV (W1 N32) L512 Mem;
        _ vcvtudq2ps PF2 M0F 0x7A NV (W0 Full4) All Any;
        _ vcvtps2udq NP M0F 0x79 NV (W0 Full4) All Any;
        _ vcvttps2udq NP M0F 0x78 NV (W0 Full4) All Any;
        _ vcvtudq2pd PF3 M0F 0x7A NV (W0 Half4) All Any;
        _ vcvtpd2udq NP M0F 0x79 NV (W1 Full8) All Any;
        _ vcvttpd2udq NP M0F 0x78 NV (W1 Full8) All Any;
        _ vcvtqq2pd PF3 M0F 0xE6 NV (W1 Full8) All Any;
        _ vcvtqq2ps NP M0F 0x5B NV (W1 Full8) All Any;
        _ vcvtuqq2pd PF3 M0F 0x7A NV (W1 Full8) All Any;
        _ vcvtuqq2ps PF2 M0F 0x7A NV (W1 Full8) All Any;
        _ vcvtpd2qq P66 M0F 0x7B NV (W1 Full8) All Any;
        _ vcvttpd2qq P66 M0F 0x7A NV (W1 Full8) All Any;
        _ vcvtpd2uqq P66 M0F 0x79 NV (W1 Full8) All Any;
        _ vcvttpd2uqq P66 M0F 0x78 NV (W1 Full8) All Any;
        _ vcvtps2qq P66 M0F 0x7B NV (W0 Half4) All Any;
        _ vcvttps2qq P66 M0F 0x7A NV (W0 Half4) All Any;
        _ vcvtps2uqq P66 M0F 0x79 NV (W0 Half4) All Any;
        _ vcvttps2uqq P66 M0F 0x78 NV (W0 Half4) All Any;
        _ vexpandps P66 M38 0x88 NV (W0 N4) All Any;
        _ vexpandpd P66 M38 0x88 NV (W1 N8) All Any;
        _ vpexpandd P66 M38 0x89 NV (W0 N4) All Any;
        _ vpexpandq P66 M38 0x89 NV (W1 N8) All Any;
        _ vrcp14ps P66 M38 0x4C NV (W0 Full4) All Any;
        _ vrcp14pd P66 M38 0x4C NV (W1 Full8) All Any;
        _ vrsqrt14ps P66 M38 0x4E NV (W0 Full4) All Any;
        _ vrsqrt14pd P66 M38 0x4E NV (W1 Full8) All Any;
        _ vgetexpps P66 M38 0x42 NV (W0 Full4) All Any;
        _ vgetexppd P66 M38 0x42 NV (W1 Full8) All Any;
    }
    Mr len {
        _ vmovdqa32_store P66 M0F 0x7F NV (W0 Vl) All Mem;
        _ vmovdqa64_store P66 M0F 0x7F NV (W1 Vl) All Mem;
        _ vmovdqu8_store PF2 M0F 0x7F NV (W0 Vl) All Mem;
        _ vmovdqu16_store PF2 M0F 0x7F NV (W1 Vl) All Mem;
        _ vmovdqu32_store PF3 M0F 0x7F NV (W0 Vl) All Mem;
        _ vmovdqu64_store PF3 M0F 0x7F NV (W1 Vl) All Mem;
        _ vpmovwb PF3 M38 0x30 NV (W0 Vl2) All Any;
        _ vpmovdb PF3 M38 0x31 NV (W0 Vl4) All Any;
        _ vpmovqb PF3 M38 0x32 NV (W0 Vl8) All Any;
        _ vpmovdw PF3 M38 0x33 NV (W0 Vl2) All Any;
        _ vpmovqw PF3 M38 0x34 NV (W0 Vl4) All Any;
        _ vpmovqd PF3 M38 0x35 NV (W0 Vl2) All Any;
        _ vpmovswb PF3 M38 0x20 NV (W0 Vl2) All Any;
        _ vpmovsdb PF3 M38 0x21 NV (W0 Vl4) All Any;
        _ vpmovsqb PF3 M38 0x22 NV (W0 Vl8) All Any;
        _ vpmovsdw PF3 M38 0x23 NV (W0 Vl2) All Any;
        _ vpmovsqw PF3 M38 0x24 NV (W0 Vl4) All Any;
        _ vpmovsqd PF3 M38 0x25 NV (W0 Vl2) All Any;
        _ vpmovuswb PF3 M38 0x10 NV (W0 Vl2) All Any;
        _ vpmovusdb PF3 M38 0x11 NV (W0 Vl4) All Any;
        _ vpmovusqb PF3 M38 0x12 NV (W0 Vl8) All Any;
        _ vpmovusdw PF3 M38 0x13 NV (W0 Vl2) All Any;
        _ vpmovusqw PF3 M38 0x14 NV (W0 Vl4) All Any;
        _ vpmovusqd PF3 M38 0x15 NV (W0 Vl2) All Any;
        _ vcompressps P66 M38 0x8A NV (W0 N4) All Any;
        _ vcompresspd P66 M38 0x8A NV (W1 N8) All Any;
        _ vpcompressd P66 M38 0x8B NV (W0 N4) All Any;
        _ vpcompressq P66 M38 0x8B NV (W1 N8) All Any;
    }
    Vmi len {
        _ vprord P66 M0F 0x72 NV (W0 Full4) All Any /0;
        _ vprorq P66 M0F 0x72 NV (W1 Full8) All Any /0;
        _ vprold P66 M0F 0x72 NV (W0 Full4) All Any /1;
        _ vprolq P66 M0F 0x72 NV (W1 Full8) All Any /1;
        _ vpsraq_imm P66 M0F 0x72 NV (W1 Full8) All Any /4;
    }
    Vg len {
        _ vpbroadcastb_gpr P66 M38 0x7A NV (W0 Vl) All Reg;
        _ vpbroadcastw_gpr P66 M38 0x7B NV (W0 Vl) All Reg;
        _ vpbroadcastd_gpr P66 M38 0x7C NV (W0 Vl) All Reg;
        _ vpbroadcastq_gpr P66 M38 0x7C NV (W1 Vl) All Reg;
    }
    XvgSized one {
        _ vcvtusi2ss PF3 M0F 0x7B NV (W0 N4) One Any;
        _ vcvtusi2sd PF2 M0F 0x7B NV (W0 N4) One Any;
    }
    GxSized one {
        _ vcvttss2usi PF3 M0F 0x78 NV (W0 N4) One Any;
        _ vcvttsd2usi PF2 M0F 0x78 NV (W0 N8) One Any;
        _ vcvtss2usi PF3 M0F 0x79 NV (W0 N4) One Any;
        _ vcvtsd2usi PF2 M0F 0x79 NV (W0 N8) One Any;
    }
    Kvm len {
        _ vpcmpeqb_k P66 M0F 0x74 NV (W0 Vl) All Any;
        _ vpcmpeqw_k P66 M0F 0x75 NV (W0 Vl) All Any;
        _ vpcmpeqd_k P66 M0F 0x76 NV (W0 Full4) All Any;
        _ vpcmpeqq_k P66 M38 0x29 NV (W1 Full8) All Any;
        _ vpcmpgtb_k P66 M0F 0x64 NV (W0 Vl) All Any;
        _ vpcmpgtw_k P66 M0F 0x65 NV (W0 Vl) All Any;
        _ vpcmpgtd_k P66 M0F 0x66 NV (W0 Full4) All Any;
        _ vpcmpgtq_k P66 M38 0x37 NV (W1 Full8) All Any;
        _ vptestmb P66 M38 0x26 NV (W0 Vl) All Any;
        _ vptestmw P66 M38 0x26 NV (W1 Vl) All Any;
        _ vptestmd P66 M38 0x27 NV (W0 Full4) All Any;
        _ vptestmq P66 M38 0x27 NV (W1 Full8) All Any;
        _ vptestnmb PF3 M38 0x26 NV (W0 Vl) All Any;
        _ vptestnmw PF3 M38 0x26 NV (W1 Vl) All Any;
        _ vptestnmd PF3 M38 0x27 NV (W0 Full4) All Any;
        _ vptestnmq PF3 M38 0x27 NV (W1 Full8) All Any;
    }
    Kvmi len {
        _ vpcmpb P66 M3A 0x3F NV (W0 Vl) All Any;
        _ vpcmpw P66 M3A 0x3F NV (W1 Vl) All Any;
        _ vpcmpub P66 M3A 0x3E NV (W0 Vl) All Any;
        _ vpcmpuw P66 M3A 0x3E NV (W1 Vl) All Any;
        _ vpcmpd P66 M3A 0x1F NV (W0 Full4) All Any;
        _ vpcmpq P66 M3A 0x1F NV (W1 Full8) All Any;
        _ vpcmpud P66 M3A 0x1E NV (W0 Full4) All Any;
        _ vpcmpuq P66 M3A 0x1E NV (W1 Full8) All Any;
        _ vcmpps_k NP M0F 0xC2 NV (W0 Full4) All Any;
        _ vcmppd_k P66 M0F 0xC2 NV (W1 Full8) All Any;
    }
    Kvmi one {
        _ vcmpss_k PF3 M0F 0xC2 NV (W0 N4) One Any;
        _ vcmpsd_k PF2 M0F 0xC2 NV (W1 N8) One Any;
    }
    GatherK len {
        _ vpgatherdd_k P66 M38 0x90 NV (W0 N4) All Mem;
        _ vpgatherdq_k P66 M38 0x90 NV (W1 N8) All Mem;
        _ vpgatherqd_k P66 M38 0x91 NV (W0 N4) All Mem;
        _ vpgatherqq_k P66 M38 0x91 NV (W1 N8) All Mem;
        _ vgatherdps_k P66 M38 0x92 NV (W0 N4) All Mem;
        _ vgatherdpd_k P66 M38 0x92 NV (W1 N8) All Mem;
        _ vgatherqps_k P66 M38 0x93 NV (W0 N4) All Mem;
        _ vgatherqpd_k P66 M38 0x93 NV (W1 N8) All Mem;
    }
    Scatter len {
        _ vpscatterdd P66 M38 0xA0 NV (W0 N4) All Mem;
        _ vpscatterdq P66 M38 0xA0 NV (W1 N8) All Mem;
        _ vpscatterqd P66 M38 0xA1 NV (W0 N4) All Mem;
        _ vpscatterqq P66 M38 0xA1 NV (W1 N8) All Mem;
        _ vscatterdps P66 M38 0xA2 NV (W0 N4) All Mem;
        _ vscatterdpd P66 M38 0xA2 NV (W1 N8) All Mem;
        _ vscatterqps P66 M38 0xA3 NV (W0 N4) All Mem;
        _ vscatterqpd P66 M38 0xA3 NV (W1 N8) All Mem;
    }
    Kkk one {
        _ kandb P66 M0F 0x41 W0 () Wide Reg;
        _ kandw NP M0F 0x41 W0 () Wide Reg;
        _ kandq NP M0F 0x41 W1 () Wide Reg;
        _ kandd P66 M0F 0x41 W1 () Wide Reg;
        _ kandnb P66 M0F 0x42 W0 () Wide Reg;
        _ kandnw NP M0F 0x42 W0 () Wide Reg;
        _ kandnq NP M0F 0x42 W1 () Wide Reg;
        _ kandnd P66 M0F 0x42 W1 () Wide Reg;
        _ korb P66 M0F 0x45 W0 () Wide Reg;
        _ korw NP M0F 0x45 W0 () Wide Reg;
        _ korq NP M0F 0x45 W1 () Wide Reg;
        _ kord P66 M0F 0x45 W1 () Wide Reg;
        _ kxnorb P66 M0F 0x46 W0 () Wide Reg;
        _ kxnorw NP M0F 0x46 W0 () Wide Reg;
        _ kxnorq NP M0F 0x46 W1 () Wide Reg;
        _ kxnord P66 M0F 0x46 W1 () Wide Reg;
        _ kxorb P66 M0F 0x47 W0 () Wide Reg;
        _ kxorw NP M0F 0x47 W0 () Wide Reg;
        _ kxorq NP M0F 0x47 W1 () Wide Reg;
        _ kxord P66 M0F 0x47 W1 () Wide Reg;
        _ kaddb P66 M0F 0x4A W0 () Wide Reg;
        _ kaddw NP M0F 0x4A W0 () Wide Reg;
        _ kaddq NP M0F 0x4A W1 () Wide Reg;
        _ kaddd P66 M0F 0x4A W1 () Wide Reg;
        _ kunpckbw P66 M0F 0x4B W0 () Wide Reg;
        _ kunpckwd NP M0F 0x4B W0 () Wide Reg;
        _ kunpckdq NP M0F 0x4B W1 () Wide Reg;
    }
    Kk one {
        _ knotb P66 M0F 0x44 W0 () One Reg;
        _ knotw NP M0F 0x44 W0 () One Reg;
        _ knotq NP M0F 0x44 W1 () One Reg;
        _ knotd P66 M0F 0x44 W1 () One Reg;
        _ kortestb P66 M0F 0x98 W0 () One Reg;
        _ kortestw NP M0F 0x98 W0 () One Reg;
        _ kortestq NP M0F 0x98 W1 () One Reg;
        _ kortestd P66 M0F 0x98 W1 () One Reg;
        _ ktestb P66 M0F 0x99 W0 () One Reg;
        _ ktestw NP M0F 0x99 W0 () One Reg;
        _ ktestq NP M0F 0x99 W1 () One Reg;
        _ ktestd P66 M0F 0x99 W1 () One Reg;
        _ kmovb P66 M0F 0x90 W0 () One Reg;
        _ kmovw NP M0F 0x90 W0 () One Reg;
        _ kmovq NP M0F 0x90 W1 () One Reg;
        _ kmovd P66 M0F 0x90 W1 () One Reg;
    }
    Kki one {
        _ kshiftrb P66 M3A 0x30 W0 () One Reg;
        _ kshiftrw P66 M3A 0x30 W1 () One Reg;
        _ kshiftrd P66 M3A 0x31 W0 () One Reg;
        _ kshiftrq P66 M3A 0x31 W1 () One Reg;
        _ kshiftlb P66 M3A 0x32 W0 () One Reg;
        _ kshiftlw P66 M3A 0x32 W1 () One Reg;
        _ kshiftld P66 M3A 0x33 W0 () One Reg;
        _ kshiftlq P66 M3A 0x33 W1 () One Reg;
    }
    Km one {
        _ kmovb_load P66 M0F 0x90 W0 () One Mem;
        _ kmovw_load NP M0F 0x90 W0 () One Mem;
        _ kmovq_load NP M0F 0x90 W1 () One Mem;
        _ kmovd_load P66 M0F 0x90 W1 () One Mem;
    }
    Mk one {
        _ kmovb_store P66 M0F 0x91 W0 () One Mem;
        _ kmovw_store NP M0F 0x91 W0 () One Mem;
        _ kmovq_store NP M0F 0x91 W1 () One Mem;
        _ kmovd_store P66 M0F 0x91 W1 () One Mem;
    }
    Kg one {
        _ kmovb_from_gpr P66 M0F 0x92 W0 () One Reg;
        _ kmovw_from_gpr NP M0F 0x92 W0 () One Reg;
        _ kmovd_from_gpr PF2 M0F 0x92 W0 () One Reg;
        _ kmovq_from_gpr PF2 M0F 0x92 W1 () One Reg;
    }
    Gk one {
        _ kmovb_to_gpr P66 M0F 0x93 W0 () One Reg;
        _ kmovw_to_gpr NP M0F 0x93 W0 () One Reg;
        _ kmovd_to_gpr PF2 M0F 0x93 W0 () One Reg;
        _ kmovq_to_gpr PF2 M0F 0x93 W1 () One Reg;
    }
    Vk len {
        _ vpmovm2b PF3 M38 0x28 NV (W0 Vl) All Reg;
        _ vpmovm2w PF3 M38 0x28 NV (W1 Vl) All Reg;
        _ vpmovm2d PF3 M38 0x38 NV (W0 Vl) All Reg;
        _ vpmovm2q PF3 M38 0x38 NV (W1 Vl) All Reg;
    }
    Kv len {
        _ vpmovb2m PF3 M38 0x29 NV (W0 Vl) All Reg;
        _ vpmovw2m PF3 M38 0x29 NV (W1 Vl) All Reg;
        _ vpmovd2m PF3 M38 0x39 NV (W0 Vl) All Reg;
        _ vpmovq2m PF3 M38 0x39 NV (W1 Vl) All Reg;
    }
}
