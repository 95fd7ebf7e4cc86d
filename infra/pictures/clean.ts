import pLimit from 'p-limit';
import sharp from 'sharp';
import { Unavailable } from '../../pipelines/delivery/ports.ts';

/** Limits of a picture that a listener uploads. */
export const uploadLimits = {
  /** Bytes of the file. */
  maxBytes: 5 * 1024 * 1024,
  /** Width times height; read from the head of the file, before anything is unpacked. */
  maxPixels: 40_000_000,
  /** Of the shorter side: less shows nothing on a cover. */
  minSide: 64,
  /** Seconds that decoding may take. */
  maxSeconds: 5,
} as const;

/** Pixels on the longer side of what is kept. */
const keptSide = 1024;

/** A picture that is of no use, with what was expected and what came in one line. */
export class RefusedPicture extends Error {
  override readonly name = 'RefusedPicture';
  /** HTTP status that says so. */
  readonly status: 413 | 415 | 422;

  constructor(status: 413 | 415 | 422, message: string) {
    super(message);
    this.status = status;
  }
}

export interface CleanPicture {
  /** JPEG in sRGB, upright, without metadata, at most 1,024 pixels on a side. */
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Pictures decoded at a time: one takes up to some 200 MB. */
const limit = pLimit(2);
/** Pictures that wait for that, of 5 MiB each. */
const mostWaiting = 32;

/**
 * Decodes a JPEG, PNG or WebP within the limits and encodes it anew, so that nothing of the file is
 * kept but its pixels: no place, no camera, no text, nothing behind its end. Of an animation the
 * first frame. The same bytes give the same picture.
 *
 * @throws RefusedPicture; Unavailable where too many wait
 */
export function cleanPicture(bytes: Buffer): Promise<CleanPicture> {
  if (limit.pendingCount >= mostWaiting) {
    return Promise.reject(new Unavailable('pictures: too many come at a time, try again'));
  }
  return limit(() => clean(bytes));
}

async function clean(bytes: Buffer): Promise<CleanPicture> {
  const { maxBytes, maxPixels, minSide, maxSeconds } = uploadLimits;
  if (bytes.length > maxBytes) {
    throw new RefusedPicture(413, `picture: expected up to ${maxBytes} bytes, got ${bytes.length}`);
  }
  const kind = kindOf(bytes);
  if (kind === undefined) {
    throw new RefusedPicture(415, 'picture: expected a JPEG, PNG or WebP, got something else');
  }
  const given = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error', pages: 1 });
  try {
    const { width, height, format } = await given.metadata();
    if (format !== kind) throw new Error(`format ${format}`);
    if (Math.min(width, height) < minSide) {
      throw new RefusedPicture(
        422,
        `picture: expected at least ${minSide} pixels on a side, got ${width} x ${height}`,
      );
    }
    const { data, info } = await given
      .timeout({ seconds: maxSeconds })
      .rotate()
      .resize(keptSide, keptSide, { fit: 'inside', withoutEnlargement: true })
      .flatten({ background: '#808080' })
      .toColourspace('srgb')
      .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
      .toBuffer({ resolveWithObject: true });
    return { bytes: data, width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof RefusedPicture) throw error;
    const message = (error as Error).message.split('\n')[0]!;
    if (/pixel limit/i.test(message)) {
      throw new RefusedPicture(413, `picture: expected up to ${maxPixels} pixels, got more`);
    }
    throw new RefusedPicture(422, `picture: expected a whole picture, got "${message}"`);
  }
}

function kindOf(bytes: Buffer): 'jpeg' | 'png' | 'webp' | undefined {
  const starts = (text: string, at = 0) =>
    bytes.subarray(at, at + text.length).equals(Buffer.from(text, 'latin1'));
  if (starts('\xff\xd8\xff')) return 'jpeg';
  if (starts('\x89PNG\r\n\x1a\n')) return 'png';
  return starts('RIFF') && starts('WEBP', 8) ? 'webp' : undefined;
}
