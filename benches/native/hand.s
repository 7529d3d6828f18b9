# The kernels of the benchmark, written by hand: (address in rdi, number in rsi) -> rax, System V.
# What they are for: they show what the processor can do, so that the C compiler's time is known to be a fair mark.
.text

# fib(n) = fib(n - 1) + fib(n - 2), the second call as a loop that adds up.
.p2align 4
.globl tercel_hand_fib
tercel_hand_fib:
    mov rdi, rsi
    .p2align 4
10: cmp rdi, 2
    jl 12f
    push rbx
    push rbp
    sub rsp, 8
    mov rbx, rdi
    xor ebp, ebp
11: lea rdi, [rbx - 1]
    call 10b
    add rbp, rax
    sub rbx, 2
    cmp rbx, 2
    jge 11b
    lea rax, [rbp + rbx]
    add rsp, 8
    pop rbp
    pop rbx
    ret
12: mov rax, rdi
    ret

# a += i; b -= a ^ c; c = c * 31 + b
.p2align 4
.globl tercel_hand_arith
tercel_hand_arith:
    mov eax, 1
    mov ecx, 7
    mov edx, 3
    xor edi, edi
    test esi, esi
    jle 21f
    .p2align 4
20: add eax, edi
    mov r8d, eax
    xor r8d, edx
    sub ecx, r8d
    mov r9d, edx
    shl edx, 5
    sub edx, r9d
    add edx, ecx
    inc edi
    cmp edi, esi
    jl 20b
21: xor eax, ecx
    xor eax, edx
    cdqe
    ret

# s += 3 i; s -= 2 i + 1
.p2align 4
.globl tercel_hand_arith_nat
tercel_hand_arith_nat:
    xor eax, eax
    xor ecx, ecx
    movsxd rsi, esi
    test esi, esi
    jle 31f
    .p2align 4
30: lea rax, [rax + rcx - 1]
    inc rcx
    cmp rcx, rsi
    jl 30b
31: ret

.p2align 4
.globl tercel_hand_sum_i32
tercel_hand_sum_i32:
    xor eax, eax
    test rsi, rsi
    jle 41f
    lea rsi, [rdi + rsi * 4]
    .p2align 4
40: add eax, [rdi]
    add rdi, 4
    cmp rdi, rsi
    jne 40b
41: cdqe
    ret

.p2align 4
.globl tercel_hand_sum_f64
tercel_hand_sum_f64:
    vxorps xmm0, xmm0, xmm0
    test rsi, rsi
    jle 51f
    lea rsi, [rdi + rsi * 8]
    .p2align 4
50: vaddsd xmm0, xmm0, [rdi]
    add rdi, 8
    cmp rdi, rsi
    jne 50b
51: vmovq rax, xmm0
    ret

.p2align 4
.globl tercel_hand_sieve
tercel_hand_sieve:
    # Both loops lie in one line of the instruction cache each; across two they take a tenth longer.
    cmp rsi, 2
    jl 64f
    xor r9d, r9d
    mov edx, 2
    mov ecx, 4
    lea r8, [rsi + 1]
    jmp 61f
    .p2align 6
60: inc rdx
    add rcx, 2
    cmp rdx, r8
    je 63f
61: cmp byte ptr [rdi + rdx], 0
    jne 60b
    inc r9
    mov rax, rcx
    cmp rcx, rsi
    jg 60b
    .p2align 6
62: mov byte ptr [rdi + rax], 1
    add rax, rdx
    cmp rsi, rax
    jge 62b
    jmp 60b
63: mov rax, r9
    ret
64: xor eax, eax
    ret

# xmm0 zr, xmm1 zi, xmm2 zr * zr, xmm3 zi * zi, xmm4 cr, xmm5 ci, xmm6 = 4, xmm7 = n, xmm8 = 2
.p2align 4
.globl tercel_hand_mandelbrot
tercel_hand_mandelbrot:
    xor eax, eax
    test rsi, rsi
    jle 75f
    vxorps xmm10, xmm10, xmm10
    vcvtsi2sd xmm7, xmm10, rsi
    vmovsd xmm8, [rip + 76f]
    vmovsd xmm6, [rip + 77f]
    xor ecx, ecx
70: vcvtsi2sd xmm5, xmm10, rcx
    vaddsd xmm5, xmm5, xmm5
    vdivsd xmm5, xmm5, xmm7
    vsubsd xmm5, xmm5, [rip + 78f]
    xor edx, edx
71: vcvtsi2sd xmm4, xmm10, rdx
    vaddsd xmm4, xmm4, xmm4
    vdivsd xmm4, xmm4, xmm7
    vsubsd xmm4, xmm4, [rip + 79f]
    vxorps xmm0, xmm0, xmm0
    vxorps xmm1, xmm1, xmm1
    vxorps xmm2, xmm2, xmm2
    vxorps xmm3, xmm3, xmm3
    xor r8d, r8d
    .p2align 4
72: vaddsd xmm9, xmm2, xmm3
    vucomisd xmm6, xmm9
    jb 73f
    vaddsd xmm0, xmm0, xmm0
    vmulsd xmm1, xmm1, xmm0
    vsubsd xmm0, xmm2, xmm3
    vaddsd xmm1, xmm1, xmm5
    vaddsd xmm0, xmm0, xmm4
    vmulsd xmm3, xmm1, xmm1
    vmulsd xmm2, xmm0, xmm0
    inc r8d
    cmp r8d, 100
    jne 72b
73: add rax, r8
    inc rdx
    cmp rdx, rsi
    jl 71b
    inc rcx
    cmp rcx, rsi
    jl 70b
75: ret

.section .rodata
.p2align 3
76: .double 2.0
77: .double 4.0
78: .double 1.0
79: .double 1.5
.text
