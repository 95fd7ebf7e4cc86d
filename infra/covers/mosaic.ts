import type { Palette } from './palette.ts';

/** Tiles on a side. */
const tiles = 4;

/**
 * A mosaic of quarter circles, leaves, discs and rings as SVG, drawn from the seed alone: four
 * tiles by four, each with a ground, a shape and a turn.
 *
 * @param seed - 32 hexadecimal digits; two for each of the 16 tiles
 */
export function mosaic(seed: string, palette: Palette, side: number): string {
  const size = side / tiles;
  const colours = [...palette.tones, palette.dark, palette.light];
  const grounds: string[] = [];
  const figures: string[] = [];
  for (let t = 0; t < tiles * tiles; t++) {
    const byte = Number.parseInt(seed.slice(t * 2, t * 2 + 2), 16);
    // Neighbours in a row differ in ground: each steps on from the tile's place.
    const ground = colours[(byte + t + Math.floor(t / tiles)) % colours.length]!;
    const others = colours.filter((colour) => colour !== ground);
    const figure = others[(byte >> 3) % others.length]!;
    const accent = others[((byte >> 3) + 1 + (byte & 1)) % others.length]!;
    const turn = ((byte >> 1) & 3) * 90;
    const x = (t % tiles) * size;
    const y = Math.floor(t / tiles) * size;
    const shape = shapes[(byte >> 4) % shapes.length]!;
    // A pixel over, so that no seam shows; the next tile covers it.
    grounds.push(
      `<rect x="${x}" y="${y}" width="${size + 1}" height="${size + 1}" fill="${ground}"/>`,
    );
    figures.push(
      `<g transform="translate(${x} ${y}) scale(${size / 100}) rotate(${turn} 50 50)">${shape(figure, accent)}</g>`,
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${grounds.join('')}${figures.join('')}</svg>`;
}

type Shape = (figure: string, accent: string) => string;

/** Each on a tile of 100 x 100. */
const shapes: readonly Shape[] = [
  (figure, accent) =>
    `<path d="M0 0H100A100 100 0 0 1 0 100Z" fill="${figure}"/><path d="M0 0H50A50 50 0 0 1 0 50Z" fill="${accent}"/>`,
  (figure) => `<path d="M0 0A100 100 0 0 1 100 100A100 100 0 0 1 0 0Z" fill="${figure}"/>`,
  (figure, accent) =>
    `<circle cx="50" cy="50" r="50" fill="${figure}"/><circle cx="50" cy="50" r="22" fill="${accent}"/>`,
  (figure, accent) =>
    `<path d="M0 0H100A50 50 0 0 1 0 0Z" fill="${figure}"/><path d="M0 100H100A50 50 0 0 0 0 100Z" fill="${accent}"/>`,
  (figure, accent) =>
    [92, 68, 44, 20]
      .map(
        (r, i) =>
          `<path d="M0 0H${r}A${r} ${r} 0 0 1 0 ${r}Z" fill="${i % 2 === 0 ? figure : accent}"/>`,
      )
      .join(''),
  (figure) => `<path d="M0 100A100 100 0 0 1 100 0V100Z" fill="${figure}"/>`,
];
