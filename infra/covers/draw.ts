import sharp, { type Sharp } from 'sharp';
import { paletteOf, type Palette } from './palette.ts';
import { mosaic } from './mosaic.ts';
import { lettering } from './lettering.ts';

/** Pixels on a side. */
export const coverSide = 640;

export interface DrawnCover {
  /** JPEG. */
  readonly image: Buffer;
  /** Why the picture was not used, where it could not be. */
  readonly refused?: string;
}

/**
 * Draws a cover: the picture in two colours of the week, or a mosaic where there is none; the
 * week's lettering on top. The same arguments give the same bytes.
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
  const palette = paletteOf(week);
  if (picture === undefined)
    return { image: await finish(mosaicBase(seed, palette), week, palette) };
  try {
    return { image: await finish(await duotone(picture, palette), week, palette) };
  } catch (error) {
    return {
      image: await finish(mosaicBase(seed, palette), week, palette),
      refused: (error as Error).message,
    };
  }
}

function mosaicBase(seed: string, palette: Palette): Sharp {
  return sharp(Buffer.from(mosaic(seed, palette, coverSide)));
}

/** Dark parts take the palette's dark colour, light parts its light one, all between them blends. */
async function duotone(picture: Buffer, { dark, light }: Palette): Promise<Sharp> {
  const grey = await sharp(picture, { limitInputPixels: 50_000_000, failOn: 'error' })
    .timeout({ seconds: 10 })
    .rotate()
    .resize(coverSide, coverSide, { fit: 'cover', position: 'attention' })
    .flatten({ background: '#808080' })
    .greyscale()
    .normalise({ lower: 1, upper: 99 })
    .toColourspace('b-w')
    .raw()
    .toBuffer();
  const from = channels(dark);
  const to = channels(light);
  const pixels = Buffer.alloc(coverSide * coverSide * 3);
  for (let p = 0; p < coverSide * coverSide; p++) {
    for (let c = 0; c < 3; c++) {
      pixels[p * 3 + c] = Math.round(from[c]! + ((to[c]! - from[c]!) * grey[p]!) / 255);
    }
  }
  return sharp(pixels, { raw: { width: coverSide, height: coverSide, channels: 3 } });
}

function finish(base: Sharp, week: string, palette: Palette): Promise<Buffer> {
  return base
    .composite([{ input: Buffer.from(lettering(week, palette, coverSide)) }])
    .flatten({ background: palette.dark })
    .jpeg({ quality: 88, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

function channels(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
