import sharp, { type Sharp } from 'sharp';
import { rgbOf } from './colours.ts';
import { lettering } from './lettering.ts';
import { mosaic } from './mosaic.ts';
import { paletteOf, type Palette } from './palette.ts';
import { paletteOfPicture } from './picture-palette.ts';

/** Pixels on a side, the largest first. */
export const coverSides = [640, 320, 160] as const;
export type CoverSide = (typeof coverSides)[number];
export const coverFormats = ['jpeg', 'webp'] as const;
export type CoverFormat = (typeof coverFormats)[number];

/** One file of a cover. */
export interface CoverVariant {
  readonly side: CoverSide;
  readonly format: CoverFormat;
}

/** All files of a cover: each size in each format. */
export const coverVariants: readonly CoverVariant[] = coverSides.flatMap((side) =>
  coverFormats.map((format) => ({ side, format })),
);

/** To be raised when covers are drawn otherwise: those that are kept are drawn anew. */
export const coverLook = 2;

export interface DrawnCover {
  /** In the order of `coverVariants`. */
  readonly images: readonly Buffer[];
  /** Why the picture was not used, where it could not be. */
  readonly refused?: string;
}

/**
 * Draws a cover in all its variants: the picture in its own colours, led by another of them each
 * week, or a mosaic in the week's colours where there is none; the week's lettering on top, as large
 * as each size needs. The same arguments give the same bytes.
 *
 * @param seed - 32 hexadecimal digits
 * @param picture - JPEG, PNG, GIF, WebP or AVIF of up to 50 megapixels
 */
export async function drawCover({
  seed,
  week,
  picture,
}: {
  seed: string;
  week: string;
  picture?: Buffer | undefined;
}): Promise<DrawnCover> {
  const ofWeek = paletteOf(week);
  if (picture === undefined) return { images: await mosaicCover(seed, week, ofWeek) };
  try {
    return { images: await pictureCover(picture, week, ofWeek) };
  } catch (error) {
    return {
      images: await mosaicCover(seed, week, ofWeek),
      refused: (error as Error).message,
    };
  }
}

function mosaicCover(seed: string, week: string, palette: Palette): Promise<Buffer[]> {
  const baseOf = (side: CoverSide) => sharp(Buffer.from(mosaic(seed, palette, side)));
  return allVariants(baseOf, week, palette);
}

async function pictureCover(picture: Buffer, week: string, ofWeek: Palette): Promise<Buffer[]> {
  const [largest] = coverSides;
  const pixels = await sharp(picture, { limitInputPixels: 50_000_000, failOn: 'error', pages: 1 })
    .timeout({ seconds: 10 })
    .rotate()
    .resize(largest, largest, { fit: 'cover', position: 'attention' })
    .flatten({ background: '#808080' })
    .toColourspace('srgb')
    .raw()
    .toBuffer();
  const raw = { width: largest, height: largest, channels: 3 } as const;
  const few = await sharp(pixels, { raw }).resize(48, 48).raw().toBuffer();
  const palette = paletteOfPicture(few, week, ofWeek);
  const grey = await sharp(pixels, { raw })
    .greyscale()
    .normalise({ lower: 1, upper: 99 })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  const toned = tone(pixels, grey, palette);
  const baseOf = (side: CoverSide) =>
    side === largest ? sharp(toned, { raw }) : sharp(toned, { raw }).resize(side, side);
  return allVariants(baseOf, week, palette);
}

/** Of the pixels' own colours, as much goes in. */
const ownShare = 0.4;

/** Dark parts take the palette's dark colour, light parts its light one, those between its middle. */
function tone(pixels: Buffer, grey: Buffer, { dark, mid, light }: Palette): Buffer {
  const [from, to] = [rgbOf(dark), rgbOf(light)];
  const half = mid === undefined ? from.map((part, c) => (part + to[c]!) / 2) : rgbOf(mid);
  const toned = Buffer.alloc(pixels.length);
  for (let p = 0; p < grey.length; p++) {
    const at = grey[p]! / 127.5;
    for (let c = 0; c < 3; c++) {
      const colour =
        at < 1 ? from[c]! + (half[c]! - from[c]!) * at : half[c]! + (to[c]! - half[c]!) * (at - 1);
      const own = pixels[p * 3 + c]!;
      toned[p * 3 + c] = Math.round(colour + (own - colour) * ownShare);
    }
  }
  return toned;
}

async function allVariants(
  baseOf: (side: CoverSide) => Sharp,
  week: string,
  palette: Palette,
): Promise<Buffer[]> {
  const images: Buffer[] = [];
  for (const side of coverSides) {
    const { data, info } = await baseOf(side)
      .composite([{ input: Buffer.from(lettering(week, palette, side)) }])
      .flatten({ background: palette.dark })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    for (const format of coverFormats) {
      const image = sharp(data, { raw: { width, height, channels } });
      images.push(await encode(image, format));
    }
  }
  return images;
}

function encode(image: Sharp, format: CoverFormat): Promise<Buffer> {
  return format === 'jpeg'
    ? image.jpeg({ quality: 88, chromaSubsampling: '4:4:4' }).toBuffer()
    : image.webp({ quality: 86, effort: 2 }).toBuffer();
}
