//! What AVX, AVX2, FMA and F16C add to SSE's instructions, with EVEX forms where they exist.

use super::*;

vector_table! {
    Rvm len {
        _ vpermilps P66 M38 0x0C W0 (W0 Full4) All Any;
        _ vpermilpd P66 M38 0x0D W0 (W1 Full8) All Any;
        _ vpsllvd P66 M38 0x47 W0 (W0 Full4) All Any;
        _ vpsllvq P66 M38 0x47 W1 (W1 Full8) All Any;
        _ vpsrlvd P66 M38 0x45 W0 (W0 Full4) All Any;
        _ vpsrlvq P66 M38 0x45 W1 (W1 Full8) All Any;
        _ vpsravd P66 M38 0x46 W0 (W0 Full4) All Any;
        _ vpermd P66 M38 0x36 W0 (W0 Full4) Wide Any;
        _ vpermps P66 M38 0x16 W0 (W0 Full4) Wide Any;
        _ vmaskmovps P66 M38 0x2C W0 () All Mem;
        _ vmaskmovpd P66 M38 0x2D W0 () All Mem;
        _ vpmaskmovd P66 M38 0x8C W0 () All Mem;
        _ vpmaskmovq P66 M38 0x8C W1 () All Mem;
        _ vfmaddsub132ps P66 M38 0x96 W0 (W0 Full4) All Any;
        _ vfmaddsub132pd P66 M38 0x96 W1 (W1 Full8) All Any;
        _ vfmsubadd132ps P66 M38 0x97 W0 (W0 Full4) All Any;
        _ vfmsubadd132pd P66 M38 0x97 W1 (W1 Full8) All Any;
        _ vfmadd132ps P66 M38 0x98 W0 (W0 Full4) All Any;
        _ vfmadd132pd P66 M38 0x98 W1 (W1 Full8) All Any;
        _ vfmsub132ps P66 M38 0x9A W0 (W0 Full4) All Any;
        _ vfmsub132pd P66 M38 0x9A W1 (W1 Full8) All Any;
        _ vfnmadd132ps P66 M38 0x9C W0 (W0 Full4) All Any;
        _ vfnmadd132pd P66 M38 0x9C W1 (W1 Full8) All Any;
        _ vfnmsub132ps P66 M38 0x9E W0 (W0 Full4) All Any;
        _ vfnmsub132pd P66 M38 0x9E W1 (W1 Full8) All Any;
        _ vfmaddsub213ps P66 M38 0xA6 W0 (W0 Full4) All Any;
        _ vfmaddsub213pd P66 M38 0xA6 W1 (W1 Full8) All Any;
        _ vfmsubadd213ps P66 M38 0xA7 W0 (W0 Full4) All Any;
        _ vfmsubadd213pd P66 M38 0xA7 W1 (W1 Full8) All Any;
        _ vfmadd213ps P66 M38 0xA8 W0 (W0 Full4) All Any;
        _ vfmadd213pd P66 M38 0xA8 W1 (W1 Full8) All Any;
        _ vfmsub213ps P66 M38 0xAA W0 (W0 Full4) All Any;
        _ vfmsub213pd P66 M38 0xAA W1 (W1 Full8) All Any;
        _ vfnmadd213ps P66 M38 0xAC W0 (W0 Full4) All Any;
        _ vfnmadd213pd P66 M38 0xAC W1 (W1 Full8) All Any;
        _ vfnmsub213ps P66 M38 0xAE W0 (W0 Full4) All Any;
        _ vfnmsub213pd P66 M38 0xAE W1 (W1 Full8) All Any;
        _ vfmaddsub231ps P66 M38 0xB6 W0 (W0 Full4) All Any;
        _ vfmaddsub231pd P66 M38 0xB6 W1 (W1 Full8) All Any;
        _ vfmsubadd231ps P66 M38 0xB7 W0 (W0 Full4) All Any;
        _ vfmsubadd231pd P66 M38 0xB7 W1 (W1 Full8) All Any;
        _ vfmadd231ps P66 M38 0xB8 W0 (W0 Full4) All Any;
        _ vfmadd231pd P66 M38 0xB8 W1 (W1 Full8) All Any;
        _ vfmsub231ps P66 M38 0xBA W0 (W0 Full4) All Any;
        _ vfmsub231pd P66 M38 0xBA W1 (W1 Full8) All Any;
        _ vfnmadd231ps P66 M38 0xBC W0 (W0 Full4) All Any;
        _ vfnmadd231pd P66 M38 0xBC W1 (W1 Full8) All Any;
        _ vfnmsub231ps P66 M38 0xBE W0 (W0 Full4) All Any;
        _ vfnmsub231pd P66 M38 0xBE W1 (W1 Full8) All Any;
    }
    Rvm one {
        _ vfmadd132ss P66 M38 0x99 W0 (W0 N4) One Any;
        _ vfmadd132sd P66 M38 0x99 W1 (W1 N8) One Any;
        _ vfmsub132ss P66 M38 0x9B W0 (W0 N4) One Any;
        _ vfmsub132sd P66 M38 0x9B W1 (W1 N8) One Any;
        _ vfnmadd132ss P66 M38 0x9D W0 (W0 N4) One Any;
        _ vfnmadd132sd P66 M38 0x9D W1 (W1 N8) One Any;
        _ vfnmsub132ss P66 M38 0x9F W0 (W0 N4) One Any;
        _ vfnmsub132sd P66 M38 0x9F W1 (W1 N8) One Any;
        _ vfmadd213ss P66 M38 0xA9 W0 (W0 N4) One Any;
        _ vfmadd213sd P66 M38 0xA9 W1 (W1 N8) One Any;
        _ vfmsub213ss P66 M38 0xAB W0 (W0 N4) One Any;
        _ vfmsub213sd P66 M38 0xAB W1 (W1 N8) One Any;
        _ vfnmadd213ss P66 M38 0xAD W0 (W0 N4) One Any;
        _ vfnmadd213sd P66 M38 0xAD W1 (W1 N8) One Any;
        _ vfnmsub213ss P66 M38 0xAF W0 (W0 N4) One Any;
        _ vfnmsub213sd P66 M38 0xAF W1 (W1 N8) One Any;
        _ vfmadd231ss P66 M38 0xB9 W0 (W0 N4) One Any;
        _ vfmadd231sd P66 M38 0xB9 W1 (W1 N8) One Any;
        _ vfmsub231ss P66 M38 0xBB W0 (W0 N4) One Any;
        _ vfmsub231sd P66 M38 0xBB W1 (W1 N8) One Any;
        _ vfnmadd231ss P66 M38 0xBD W0 (W0 N4) One Any;
        _ vfnmadd231sd P66 M38 0xBD W1 (W1 N8) One Any;
        _ vfnmsub231ss P66 M38 0xBF W0 (W0 N4) One Any;
        _ vfnmsub231sd P66 M38 0xBF W1 (W1 N8) One Any;
    }
    Mvr len {
        _ vmaskmovps_store P66 M38 0x2E W0 () All Mem;
        _ vmaskmovpd_store P66 M38 0x2F W0 () All Mem;
        _ vpmaskmovd_store P66 M38 0x8E W0 () All Mem;
        _ vpmaskmovq_store P66 M38 0x8E W1 () All Mem;
    }
    Rm len {
        _ vbroadcastss P66 M38 0x18 W0 (W0 N4) All Any;
        _ vbroadcastsd P66 M38 0x19 W0 (W1 N8) Wide Any;
        _ vbroadcastf128 P66 M38 0x1A W0 () Wide Mem;
        _ vbroadcasti128 P66 M38 0x5A W0 () Wide Mem;
        _ vpbroadcastb P66 M38 0x78 W0 (W0 N1) All Any;
        _ vpbroadcastw P66 M38 0x79 W0 (W0 N2) All Any;
        _ vpbroadcastd P66 M38 0x58 W0 (W0 N4) All Any;
        _ vpbroadcastq P66 M38 0x59 W0 (W1 N8) All Any;
        _ vtestps P66 M38 0x0E W0 () All Any;
        _ vtestpd P66 M38 0x0F W0 () All Any;
        _ vcvtph2ps P66 M38 0x13 W0 (W0 Vl2) All Any;
    }
    Rmi len {
        _ vpermilps_imm P66 M3A 0x04 W0 (W0 Full4) All Any;
        _ vpermilpd_imm P66 M3A 0x05 W0 (W1 Full8) All Any;
        _ vpermq P66 M3A 0x00 W1 (W1 Full8) Wide Any;
        _ vpermpd P66 M3A 0x01 W1 (W1 Full8) Wide Any;
    }
    Rvmi len {
        _ vpblendd P66 M3A 0x02 W0 () All Any;
        _ vperm2f128 P66 M3A 0x06 W0 () Wide Any;
        _ vperm2i128 P66 M3A 0x46 W0 () Wide Any;
        _ vinsertf128 P66 M3A 0x18 W0 () Wide Any;
        _ vinserti128 P66 M3A 0x38 W0 () Wide Any;
    }
    Mri len {
        _ vextractf128 P66 M3A 0x19 W0 () Wide Any;
        _ vextracti128 P66 M3A 0x39 W0 () Wide Any;
        _ vcvtps2ph P66 M3A 0x1D W0 (W0 Vl2) All Any;
    }
    Rvmr len {
        _ vblendvps P66 M3A 0x4A W0 () All Any;
        _ vblendvpd P66 M3A 0x4B W0 () All Any;
        _ vpblendvb P66 M3A 0x4C W0 () All Any;
    }
    Gather len {
        _ vpgatherdd P66 M38 0x90 W0 () All Mem;
        _ vpgatherdq P66 M38 0x90 W1 () All Mem;
        _ vpgatherqd P66 M38 0x91 W0 () All Mem;
        _ vpgatherqq P66 M38 0x91 W1 () All Mem;
        _ vgatherdps P66 M38 0x92 W0 () All Mem;
        _ vgatherdpd P66 M38 0x92 W1 () All Mem;
        _ vgatherqps P66 M38 0x93 W0 () All Mem;
        _ vgatherqpd P66 M38 0x93 W1 () All Mem;
    }
}
