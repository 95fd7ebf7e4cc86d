import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Channels } from '../../model/audio/mix.ts';
import { WavReader } from './wav.ts';

/** Sound as it is decoded. */
export interface DecodedPiece {
  readonly channels: Channels;
  readonly sampleRate: number;
}

/** What a file may cost. */
export interface AudioLimits {
  /** Default 512 MiB. */
  readonly maxBytes: number;
  /** Of sound. Default 3,600. */
  readonly maxSeconds: number;
}

export const audioLimits: AudioLimits = { maxBytes: 512 * 1024 * 1024, maxSeconds: 3600 };

/** A file that gives no sound: why, in one line, with what was expected. */
export class BrokenAudio extends Error {
  override readonly name = 'BrokenAudio';
}

/**
 * A file of a format whose decoder is not installed. The decoders are optional packages: whoever
 * installs one later has the file read then.
 */
export class MissingDecoder extends Error {
  override readonly name = 'MissingDecoder';
}

export const audioExtensions = ['wav', 'flac', 'mp3', 'ogg'] as const;
export type AudioFormat = (typeof audioExtensions)[number];

/** Decodes pieces of a file in their order. */
interface Decoder {
  decode(bytes: Buffer): DecodedPiece | Promise<DecodedPiece>;
  /** What was still held back. */
  flush(): DecodedPiece | Promise<DecodedPiece>;
  free(): void;
}

/**
 * Decodes a WAV, FLAC, MP3 or Ogg Vorbis file piece by piece; its first bytes say which it is, not
 * its name.
 *
 * @throws BrokenAudio for a file that is none of these, broken, empty or beyond the limits
 * @throws MissingDecoder where the optional package that reads the format is not installed
 */
export async function* decodeAudio(
  path: string,
  limits: AudioLimits = audioLimits,
): AsyncGenerator<DecodedPiece> {
  const format = await formatOf(path, limits);
  const decoder = await decoderOf(format);
  let seconds = 0;
  let rate: number | undefined;
  try {
    for await (const piece of pieces(path, decoder)) {
      const length = piece.channels[0]?.length ?? 0;
      if (length === 0) continue;
      rate ??= piece.sampleRate;
      if (piece.sampleRate !== rate) {
        throw new BrokenAudio(
          `expected ${rate} samples a second throughout, got ${piece.sampleRate}`,
        );
      }
      seconds += length / rate;
      if (seconds > limits.maxSeconds) {
        throw new BrokenAudio(`expected up to ${limits.maxSeconds} seconds of sound, got more`);
      }
      yield piece;
    }
  } catch (error) {
    if (error instanceof BrokenAudio || isSystemError(error)) throw error;
    throw new BrokenAudio((error as Error).message.split('\n')[0], { cause: error });
  } finally {
    decoder.free();
  }
  if (seconds === 0) throw new BrokenAudio(`expected sound in a ${format} file, got none`);
}

async function* pieces(path: string, decoder: Decoder): AsyncGenerator<DecodedPiece> {
  const stream = createReadStream(path, { highWaterMark: 65_536 });
  for await (const bytes of stream as AsyncIterable<Buffer>) yield await decoder.decode(bytes);
  yield await decoder.flush();
}

async function formatOf(path: string, { maxBytes }: AudioLimits): Promise<AudioFormat> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new BrokenAudio(`expected up to ${maxBytes} bytes, got ${size}`);
    const head = Buffer.alloc(12);
    await file.read(head, 0, 12, 0);
    const format = formatOfHead(head);
    if (format === undefined) {
      throw new BrokenAudio('expected WAV, FLAC, MP3 or Ogg Vorbis, got something else');
    }
    return format;
  } finally {
    await file.close();
  }
}

function formatOfHead(head: Buffer): AudioFormat | undefined {
  const start = head.toString('latin1', 0, 4);
  if (start === 'RIFF' && head.toString('latin1', 8, 12) === 'WAVE') return 'wav';
  if (start === 'fLaC') return 'flac';
  if (start === 'OggS') return 'ogg';
  const isFrame = head[0] === 0xff && (head[1]! & 0xe0) === 0xe0;
  return isFrame || start.startsWith('ID3') ? 'mp3' : undefined;
}

async function decoderOf(format: AudioFormat): Promise<Decoder> {
  switch (format) {
    case 'wav':
      return wavDecoder();
    case 'flac':
      return installed(format, '@wasm-audio-decoders/flac', async () => {
        const { FLACDecoder } = await import('@wasm-audio-decoders/flac');
        return new FLACDecoder();
      });
    case 'ogg':
      return installed(format, '@wasm-audio-decoders/ogg-vorbis', async () => {
        const { OggVorbisDecoder } = await import('@wasm-audio-decoders/ogg-vorbis');
        return new OggVorbisDecoder();
      });
    case 'mp3':
      return installed(format, 'mpg123-decoder', async () => {
        const { MPEGDecoder } = await import('mpg123-decoder');
        return new MPEGDecoder();
      });
  }
}

/** @throws MissingDecoder where the package, or one that it needs, is not installed */
async function installed(
  format: AudioFormat,
  name: string,
  load: () => Promise<WasmDecoder>,
): Promise<Decoder> {
  let decoder;
  try {
    decoder = await load();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw new MissingDecoder(
      `expected the package ${name} to read a ${format} file, it is not installed`,
      { cause },
    );
  }
  return webAssembly(decoder);
}

function wavDecoder(): Decoder {
  const reader = new WavReader();
  const piece = (channels: Channels) => ({ channels, sampleRate: reader.sampleRate ?? 0 });
  return {
    decode: (bytes) => piece(reader.push(bytes)),
    flush() {
      reader.finish();
      return piece([]);
    },
    free: () => undefined,
  };
}

interface WasmPiece {
  readonly channelData: readonly Float32Array[];
  readonly samplesDecoded: number;
  readonly sampleRate: number;
  readonly errors: readonly { readonly message: string }[];
}

interface WasmDecoder {
  readonly ready: Promise<void>;
  decode(bytes: Uint8Array): WasmPiece | Promise<WasmPiece>;
  flush?(): WasmPiece | Promise<WasmPiece>;
  free(): void;
}

/** Broken frames are left out, unless there are as many of them as others. */
async function webAssembly(decoder: WasmDecoder): Promise<Decoder> {
  await decoder.ready;
  let broken = 0;
  let whole = 0;
  const pieceOf = ({ channelData, samplesDecoded, sampleRate, errors }: WasmPiece) => {
    broken += errors.length;
    if (samplesDecoded > 0) whole++;
    if (broken > 10 && broken > whole) {
      throw new BrokenAudio(`expected frames of sound, got "${errors[0]?.message ?? 'none'}"`);
    }
    return { channels: channelData.map((channel) => channel.slice(0, samplesDecoded)), sampleRate };
  };
  return {
    decode: async (bytes) => pieceOf(await decoder.decode(bytes)),
    async flush() {
      const nothing = { channelData: [], samplesDecoded: 0, sampleRate: 0, errors: [] };
      return pieceOf((await decoder.flush?.()) ?? nothing);
    },
    free: () => decoder.free(),
  };
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
