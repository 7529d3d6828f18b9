// Draws the Mandelbrot set in characters. Run: cargo run --release -- run examples/mandelbrot.js [WIDTH]
const width = Number(scriptArgs[0] ?? 78), height = Math.round(width / 2.6), shades = " .:-=+*#%@";
for (let y = 0; y < height; y++) {
  let line = "";
  for (let x = 0; x < width; x++) {
    const cr = (x / width) * 3 - 2.2, ci = (y / height) * 2.4 - 1.2;
    let zr = 0, zi = 0, n = 0;
    while (n < 200 && zr * zr + zi * zi < 4) {
      [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
      n++;
    }
    line += n === 200 ? "@" : shades[n % (shades.length - 1)];
  }
  print(line);
}
