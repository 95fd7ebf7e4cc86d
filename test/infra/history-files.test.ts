import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openHistoryFiles } from '../../infra/history-files.ts';
import { writeZip } from '../support/history.ts';
import { temporaryFolder, writeSources } from '../support/sources.ts';

let root: ReturnType<typeof temporaryFolder>;
let zip: string;
beforeEach(() => {
  root = temporaryFolder();
  zip = join(root.path, 'history.zip');
});
afterEach(() => root.remove());

async function contentOf(path: string): Promise<Record<string, string>> {
  const { files, dispose } = await openHistoryFiles(path);
  const contents: Record<string, string> = {};
  try {
    for (const file of files) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.read()) chunks.push(chunk);
      contents[file.name] = Buffer.concat(chunks).toString();
      expect(file.size).toBe(Buffer.concat(chunks).byteLength);
    }
  } finally {
    dispose();
    dispose();
  }
  return contents;
}

/** What is wrong with an archive after `change`, without the folder that it is in. */
async function faultOf(change: (bytes: Buffer) => Buffer | void): Promise<string> {
  const bytes = await readFile(zip);
  await writeFile(zip, change(bytes) ?? bytes);
  return contentOf(zip).then(
    () => 'none',
    (error: Error & { code: string }) =>
      `${error.code} ${error.message.replaceAll(`${root.path}/`, '')}`,
  );
}

/** Where the list of an archive's entries has an entry, and where the list ends. */
const listed = (bytes: Buffer) => bytes.indexOf('PK\x01\x02', 0, 'latin1');
const end = (bytes: Buffer) => bytes.lastIndexOf('PK\x05\x06', undefined, 'latin1');

describe('files of a history', () => {
  test('a file, a folder and an archive, by name, without what systems leave behind', async () => {
    const folder = await writeSources(join(root.path, 'folder'), {
      'b.txt': 'B',
      'a/c.txt': 'C',
      '.scrobbler.log': 'L',
      '.DS_Store': 'x',
      '__MACOSX/a.txt': 'x',
    });
    await writeZip(join(folder, 'z.zip'), {
      'in/d.txt': 'D',
      'e.txt': '',
      '__MACOSX/._d.txt': 'x',
    });
    await symlink('/', join(folder, 'link'));
    expect(await contentOf(folder)).toEqual({
      '.scrobbler.log': 'L',
      'a/c.txt': 'C',
      'b.txt': 'B',
      'z.zip/e.txt': '',
      'z.zip/in/d.txt': 'D',
    });
    expect(await contentOf(join(folder, 'z.zip'))).toEqual({ 'e.txt': '', 'in/d.txt': 'D' });
    expect(await contentOf(join(folder, 'b.txt'))).toEqual({ 'b.txt': 'B' });
  });

  test('nothing where nothing is, and an empty folder is empty', async () => {
    await mkdir(join(root.path, 'empty'));
    expect(await contentOf(join(root.path, 'empty'))).toEqual({});
    await expect(contentOf(join(root.path, 'none'))).rejects.toMatchObject({
      code: 'SOURCE_MISSING',
    });
  });

  test('a file changes its hash with its content, not with its name', async () => {
    const folder = await writeSources(root.path, { a: 'same', b: 'same', c: 'other' });
    const { files } = await openHistoryFiles(folder);
    const [a, b, c] = await Promise.all(files.map((file) => file.hash()));
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });
});

describe('archives that are not to be trusted', () => {
  const text = JSON.stringify(Array.from({ length: 200 }, (_, i) => `text ${i * i}`));

  test('names that lead out of the archive are refused', async () => {
    await writeZip(zip, { 'xx/evil.json': text });
    expect(
      await faultOf((bytes) =>
        Buffer.from(bytes.toString('latin1').replaceAll('xx/', '../'), 'latin1'),
      ),
    ).toBe('SOURCE_INVALID history.zip: expected names within the archive, got "../evil.json"');
    await writeZip(zip, { 'x/evil.json': text });
    expect(
      await faultOf((bytes) =>
        Buffer.from(bytes.toString('latin1').replaceAll('x/evil', '//evil'), 'latin1'),
      ),
    ).toBe('SOURCE_INVALID history.zip: expected names within the archive, got "//evil.json"');
  });

  test('an encrypted entry is told by name', async () => {
    await writeZip(zip, { 'a.json': text });
    expect(await faultOf((bytes) => void (bytes[listed(bytes) + 8]! |= 1))).toBe(
      'SOURCE_INVALID history.zip: a.json: expected a file that can be unpacked, got an encrypted ' +
        'one; unpack it with its password first',
    );
  });

  test('an entry that grows beyond all measure is not unpacked', async () => {
    await writeZip(zip, { 'a.json': Buffer.alloc(20 << 20, 0x20) });
    expect(await faultOf((bytes) => bytes)).toMatch(
      /^SOURCE_INVALID history\.zip: a\.json: expected .* grows from \d+ to 20971520 bytes, as a zip bomb/,
    );
  });

  test('an entry that is larger than the archive says is stopped there', async () => {
    await writeZip(zip, { 'a.json': text });
    expect(await faultOf((bytes) => void bytes.writeUInt32LE(100, listed(bytes) + 24))).toMatch(
      /^SOURCE_INVALID history\.zip: a\.json: expected a whole zip archive, got a damaged/,
    );
  });

  test('entries that overlap are a bomb', async () => {
    await writeZip(zip, { 'a.json': text });
    const message = await faultOf((bytes) => {
      const entry = bytes.subarray(listed(bytes), end(bytes));
      const tail = Buffer.from(bytes.subarray(end(bytes)));
      const times = 100;
      tail.writeUInt16LE(times, 8);
      tail.writeUInt16LE(times, 10);
      tail.writeUInt32LE(entry.length * times, 12);
      const list = Array.from({ length: times }, () => entry);
      return Buffer.concat([bytes.subarray(0, listed(bytes)), ...list, tail]);
    });
    expect(message).toBe(
      'SOURCE_INVALID history.zip: expected entries beside each other, got ones that overlap, as ' +
        'in a zip bomb',
    );
  });

  test('an archive that is cut off, or changed on its way, is told as damaged', async () => {
    await writeZip(zip, { 'a.json': text });
    expect(await faultOf((bytes) => bytes.subarray(0, bytes.length / 2))).toMatch(
      /^SOURCE_INVALID history\.zip: expected a whole zip archive, got a damaged one/,
    );
    await writeZip(zip, { 'a.json': text }, { compress: false });
    expect(await faultOf((bytes) => void (bytes[100]! ^= 1))).toBe(
      'SOURCE_INVALID history.zip: a.json: expected a whole zip archive, got a damaged one (a ' +
        'checksum that does not match)',
    );
  });
});
