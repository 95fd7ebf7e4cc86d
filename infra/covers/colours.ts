/** A colour in OKLCH (B. Ottosson, "A perceptual color space for image processing", 2020). */
export interface Oklch {
  /** Lightness, 0 black .. 1 white. */
  readonly l: number;
  /** Chroma: 0 is grey, .3 about the most that a screen shows. */
  readonly c: number;
  /** Hue in degrees, 0..360. */
  readonly h: number;
}

type Rgb = readonly [number, number, number];

/** @param rgb - red, green, blue of sRGB, each 0..255 */
export function toOklch([red, green, blue]: Rgb): Oklch {
  const [r, g, b] = [linear(red / 255), linear(green / 255), linear(blue / 255)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    c: Math.hypot(a, bb),
    h: ((Math.atan2(bb, a) * 180) / Math.PI + 360) % 360,
  };
}

/** Red, green, blue of sRGB, whole numbers 0..255; a chroma that no screen shows is lowered. */
export function toRgb({ l, c, h }: Oklch): Rgb {
  for (let chroma = c; ; chroma = Math.max(0, chroma - 0.005)) {
    const rgb = unclipped(l, chroma, h);
    if (chroma === 0 || rgb.every((part) => part > -1e-4 && part < 1 + 1e-4)) {
      const parts = rgb.map((part) => Math.round(255 * encoded(Math.min(1, Math.max(0, part)))));
      return parts as unknown as Rgb;
    }
  }
}

/** `#rrggbb` */
export function hexOf(rgb: Rgb): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

/** @param colour - `#rrggbb` */
export function rgbOf(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Contrast of two colours, 1..21 (WCAG 2.2, "contrast ratio"); from 4.5 on, text is legible. */
export function contrast(a: Rgb, b: Rgb): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance([r, g, b]: Rgb): number {
  return 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
}

/** Linear light, some of it outside 0..1. */
function unclipped(lightness: number, chroma: number, hue: number): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function linear(part: number): number {
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

function encoded(part: number): number {
  return part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055;
}
