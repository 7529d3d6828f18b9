// Numbers: overflow, −0, NaN, shifts, remainders, exponents, mixed operands.
const show = (...a) => console.log(a.map((x) => Object.is(x, -0) ? "-0" : typeof x === "bigint" ? x + "n" : String(x)).join(" "));
show(2147483647 + 1, -2147483648 - 1, 65536 * 65536, -2147483648 * -1, (2147483647 + 1) | 0);
show(0 * -1, -0 + 0, -0 + -0, -0 - 0, 0 / -3, -4 % 2, 4 % -2, 5.5 % -2, -5.5 % 2);
show(1 / 0, -1 / 0, 0 / 0, 1 % 0, NaN === NaN, NaN != NaN, Infinity - Infinity, Infinity * 0);
show(1 << 31, 1 << 32, 1 << 33, -1 >>> 0, -1 >> 31, -1 >>> 31, 5 >>> 1, 2 ** 31 >> 0, 2 ** 32 + 5 >>> 1);
show(2 ** 10, 2 ** -1, (-2) ** 3, 2 ** 0.5, NaN ** 0, 1 ** Infinity, (-8) ** (1 / 3), 0 ** 0);
show(7 & 3, 7 | 8, 7 ^ 2, ~7, ~~3.7, ~~-3.7, 4294967296 | 0, 4294967295 | 0, 1e21 | 0, NaN | 0);
show("3" * "4", "3" + 4, 3 + "4", "10" / 2, "a" - 1, true + true, null + 1, undefined + 1, [] + [], [] + {}, [2] * [3]);
show(+"", +" 12 ", +"0x1f", +"0b101", +"0o17", +"1e3", +"1_000", +".5", +"5.", +"Infinity", +"-Infinity", +"infinity");
let i = 5; show(i++, i, ++i, i--, --i, -i, +i); let s = "5"; s++; show(s, typeof s);
let b = 10n; show(b++, ++b, b ** 20n, -b, b / 3n, -b / 5n, -b % 5n, b << 70n, -(b << 70n) >> 3n, ~b, b & 7n, -b | 5n, b ^ -3n);
show(1n < 2, 2n == 2, 2n === 2, 1n + BigInt(1), BigInt.asIntN(8, 255n), BigInt.asUintN(8, -1n), 0n === -0n);
for (const f of [() => 1n + 1, () => 1n / 0n, () => 2n ** -1n, () => +1n, () => Math.max(1n), () => 1n >>> 0n]) try { show(f()); } catch (e) { show(e.name + ": " + e.message); }
show(0.1 + 0.2, 1e21, 1e-7, 123456789012345680000, 1.7976931348623157e308 * 10, 5e-324, 5e-324 / 2, 100, 1e100, 0.000001);
show((255).toString(16), (0.5).toString(2), (-255.75).toString(36), (1e21).toString(7), (25).toString(36), (2 ** 53).toString(3));
show((1.005).toFixed(2), (1e21).toFixed(2), (0).toFixed(2), (-1.5).toFixed(0), (123.456).toExponential(2), (0.00015).toPrecision(1), (123456).toPrecision(2), (1.45).toFixed(1));
show(Math.imul(0xffffffff, 5), Math.clz32(1), Math.fround(5.5), Math.fround(5.05), Math.hypot(3, 4), Math.sign(-0), Math.round(-0.5), Math.round(2.5), Math.round(-2.5), Math.max(), Math.min(), Math.max(-0, 0), Math.min(0, -0), Math.trunc(-0.9));
show(1 < 2, "a" < "b", "10" < "9", 10 < "9", null >= 0, undefined >= 0, NaN < 1, "b" > "a", [2] > 1, null == 0, null == undefined, "1" == 1, true == "1", [] == false, NaN == NaN);
let sum = 0; for (let k = 0; k < 15000; k++) sum += k + 1; show(sum);
sum = 0; for (let k = 1; k <= 40000; k++) sum += 3 * k; show(sum);
