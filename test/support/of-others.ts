import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openArtifacts } from '../../infra/artifacts.ts';
import type { Config } from '../../infra/config.ts';
import { openLake } from '../../infra/lake.ts';
import { openListArchive } from '../../infra/list-archive.ts';
import { openMongo } from '../../infra/mongo.ts';
import { gone, others, week } from './delivered-home.ts';
import { sharedServers } from './servers.ts';
import { queryLake } from './sources.ts';

/** All that is stored for the others in a delivered home, and of their lists as they were made. */
export async function ofOthers({ home, namespace }: Pick<Config, 'home' | 'namespace'>) {
  const { mongodbUrl } = await sharedServers();
  const mongo = await openMongo({ url: mongodbUrl, database: namespace });
  try {
    const stored = await mongo.db
      .collection('playlists')
      .find({ user: { $in: others } })
      .sort({ _id: 1 })
      .toArray();
    const made: unknown[] = [];
    const archive = openListArchive(home, openArtifacts(join(home, 'artifacts')));
    const lists = (await archive.find(week))!;
    for (const { zone } of lists.zones) {
      for await (const list of lists.read(zone)) if (others.includes(list.user)) made.push(list);
    }
    const rows = await queryLake(
      home,
      `SELECT * FROM lake.listens WHERE listener <> '${gone}' ORDER BY ALL`,
    );
    return { stored, made, rows };
  } finally {
    await mongo.dispose();
  }
}

/** Files of the lake and of lists that are not as their manifests say; empty where all are whole. */
export async function brokenFiles(home: string): Promise<string[]> {
  await openLake(home, { verifyMb: 1e6 }).snapshot();
  const broken: string[] = [];
  const folder = join(home, 'artifacts', 'lists');
  for (const fingerprint of await readdir(folder)) {
    const path = join(folder, fingerprint);
    const { files } = JSON.parse(await readFile(join(path, 'artifact.json'), 'utf8')) as {
      files: { path: string; sha256: string }[];
    };
    for (const file of files) {
      const bytes = await readFile(join(path, file.path));
      if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) broken.push(file.path);
    }
  }
  return broken;
}
