import { appendFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';

export const zoneEntry = z.object({
  zone: z.string(),
  listeners: z.int(),
  /** Path below the artifact. */
  file: z.string(),
});
export type ZoneEntry = z.infer<typeof zoneEntry>;

/** Bytes that are kept before they are written. */
const keptBytes = 16 * 2 ** 20;

/** Parts lists into one file for each zone, keeping their order. No file stays open. */
export class ZoneFiles {
  readonly #folder: string;
  readonly #entries = new Map<string, { listeners: number; file: string; kept: Uint8Array[] }>();
  #kept = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param folder - made here, empty before; its last part becomes part of the paths */
  static async open(folder: string): Promise<ZoneFiles> {
    await mkdir(folder, { recursive: true });
    return new ZoneFiles(folder);
  }

  /** @param list - as it is to be written; kept for a while, not copied */
  async add(zone: string, list: Uint8Array): Promise<void> {
    let entry = this.#entries.get(zone);
    if (entry === undefined) {
      entry = { listeners: 0, file: `${zone.replaceAll('/', '~')}.bson`, kept: [] };
      this.#entries.set(zone, entry);
    }
    entry.listeners++;
    entry.kept.push(list);
    this.#kept += list.length;
    if (this.#kept >= keptBytes) await this.#write();
  }

  /** @returns ordered by zone */
  async finish(): Promise<ZoneEntry[]> {
    await this.#write();
    return [...this.#entries]
      .map(([zone, { listeners, file }]) => ({
        zone,
        listeners,
        file: `${basename(this.#folder)}/${file}`,
      }))
      .sort((a, b) => (a.zone < b.zone ? -1 : 1));
  }

  async #write(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (entry.kept.length === 0) continue;
      await appendFile(join(this.#folder, entry.file), Buffer.concat(entry.kept));
      entry.kept = [];
    }
    this.#kept = 0;
  }
}
