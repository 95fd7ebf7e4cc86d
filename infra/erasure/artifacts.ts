import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sql } from '../../pipelines/ports.ts';
import { openArtifacts, type Artifacts } from '../artifacts.ts';
import { isInFile } from './find-in-file.ts';
import { eraseFromExamples, namesListeners } from './example-files.ts';
import { eraseFromLists } from './list-files.ts';
import type { NameFinder } from './names.ts';
import { awaitRest, type Patience } from './rest.ts';

/** Stages whose artifacts stay: what they hold is nobody's but models, figures, and finished lists. */
const kept = new Set(['lists', 'gate', 'ranker']);

/** What was removed: artifacts, rows of lists, and what rankers were shown of the listener. */
export interface ArtifactErasure {
  readonly artifacts: number;
  readonly lists: number;
  readonly examples: number;
}

/**
 * Takes a listener out of what weeks were made from and of what they made:
 *
 * - the lists of every week lose the listener's, and keep all other bytes and their fingerprint;
 * - so do the examples, which later weeks take over;
 * - the artifacts that lists are made from are removed where the listener was in the lake that they
 *   come of, with all that was made from them: whoever asks for them again has them made from the
 *   lake without the listener;
 * - spellings of parts of the lake that are not its parts any more go: they say how somebody wrote
 *   what they alone have played;
 * - rankers, and what the gate found, stay.
 *
 * So a frozen week that has its lists still runs, and makes nothing.
 *
 * @param isEverywhere - whether every catalogue has the listener in it, though it may not name them
 * @param partsNow - fingerprints of the spellings of the lakes as they are now; undefined where the
 *   lakes lost nothing
 * @param patience - with a week that is being made
 * @throws Mistake `LOCKED` where a week is still being made after that
 */
export async function eraseFromArtifacts(
  home: string,
  finder: NameFinder,
  {
    isEverywhere,
    partsNow,
  }: { readonly isEverywhere: boolean; readonly partsNow: ReadonlySet<string> | undefined },
  sql: Sql,
  patience: Patience,
): Promise<ArtifactErasure> {
  const root = join(home, 'artifacts');
  await awaitRest(root, patience);
  const artifacts = openArtifacts(root);
  await artifacts.removeUnfinished();
  const all = await allArtifacts(root, artifacts);
  const gone = new Set<string>();
  const stay = new Set<string>();
  let lists = 0;
  let examples = 0;
  for (const { stage, fingerprint, folder } of all) {
    if (stage === 'lists') {
      lists += await eraseFromLists(folder, finder.listener, sql);
    } else if (stage === 'examples' && (await namesListeners(folder, sql))) {
      examples += await eraseFromExamples(folder, finder.listener, sql);
      stay.add(fingerprint);
    } else if (!kept.has(stage)) {
      const isTheirs =
        (isEverywhere && stage === 'catalogue') ||
        (stage === 'spellings' && partsNow?.has(fingerprint) === false);
      if (isTheirs || (await isInFolder(folder, finder, sql))) gone.add(fingerprint);
    }
  }
  // A catalogue is not of a part in the sense that it has to go with it.
  const spelled = new Set(
    all.filter(({ stage }) => stage === 'spellings').map((one) => one.fingerprint),
  );
  for (let before = -1; before !== gone.size;) {
    before = gone.size;
    for (const { stage, fingerprint, inputs } of all) {
      if (kept.has(stage) || stay.has(fingerprint)) continue;
      if (inputs.some((input) => gone.has(input) && !spelled.has(input))) gone.add(fingerprint);
    }
  }
  // What was made from others goes first: a kill leaves nothing that cannot be traced.
  const ofGone = all.filter(({ stage, fingerprint }) => !kept.has(stage) && gone.has(fingerprint));
  for (const { folder } of dependentsFirst(ofGone)) {
    await rm(folder, { recursive: true, force: true });
  }
  return { artifacts: ofGone.length, lists, examples };
}

/**
 * Each after all that were made from it, whatever their stages; else in the order given. Inputs that
 * are not among them do not matter.
 */
export function dependentsFirst<One extends Pick<Made, 'fingerprint' | 'inputs'>>(
  made: readonly One[],
): One[] {
  const byFingerprint = new Map(made.map((one) => [one.fingerprint, one]));
  const inputsFirst = new Set<One>();
  const visit = (one: One) => {
    if (inputsFirst.has(one)) return;
    for (const input of one.inputs) {
      const from = byFingerprint.get(input);
      if (from !== undefined) visit(from);
    }
    inputsFirst.add(one);
  };
  for (const one of [...made].reverse()) visit(one);
  return [...inputsFirst].reverse();
}

interface Made {
  readonly stage: string;
  readonly fingerprint: string;
  readonly folder: string;
  readonly inputs: readonly string[];
}

async function allArtifacts(root: string, artifacts: Artifacts): Promise<Made[]> {
  const made: Made[] = [];
  const stages = await readdir(root, { withFileTypes: true }).catch(() => []);
  for (const { name: stage } of stages.filter((e) => e.isDirectory() && !e.name.startsWith('.'))) {
    for (const fingerprint of (await readdir(join(root, stage))).sort()) {
      const origin = await artifacts.origin(stage, fingerprint);
      const inputs = Object.values(origin?.inputs ?? {});
      made.push({ stage, fingerprint, folder: join(root, stage, fingerprint), inputs });
    }
  }
  return made;
}

async function isInFolder(folder: string, finder: NameFinder, sql: Sql): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile() && (await isInFile(join(entry.parentPath, entry.name), finder, sql))) {
      return true;
    }
  }
  return false;
}
