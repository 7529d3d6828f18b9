// A short text and an integer become one string without one for the integer.
const texts = ["", "a", "ab", "é", "\u0100", "x".repeat(12), "x".repeat(22), "x".repeat(23), "x".repeat(24), "x".repeat(70)];
const numbers = [0, 1, 9, 10, 99, 100, 12345, 2147483647, -1, -10, -2147483648, 2147483648, -0, 1.5, NaN];
let sum = 0;
for (let turn = 0; turn < 30; turn++) {
  for (const text of texts) for (const n of numbers) {
    const digits = String(n), behind = text + n, before = n + text;
    if (behind !== text.concat(digits) || before !== digits.concat(text)) console.log("wrong", text, n, behind, before);
    if (behind.length !== text.length + digits.length || behind.slice(text.length) !== digits || before.startsWith(digits) === false) console.log("wrong parts", text, n);
    sum += behind.length + before.charCodeAt(0) + behind.charCodeAt(behind.length - 1);
    if ({ [behind]: 1 }[text.concat(digits)] !== 1) console.log("wrong key", behind);
  }
}
console.log(sum);
let s = "";
for (let i = 0; i < 3000; i++) s += "k" + i + ":" + i * -2 + (i & 7);
console.log(s.length, s.slice(0, 40), s.slice(-20));
console.log(1 + "1" + 1, "1" + 1 + 1, 1 + 1 + "1", "a" + true + 1 + null, "b" + { valueOf() { return 7; } } + 7);
