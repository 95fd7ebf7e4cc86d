import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import { readGateReport, gateReportFile, type GateReport } from '../pipelines/gate-report.ts';
import { nameTracks, namesOf, type NamedList } from '../pipelines/listed.ts';
import type { FrozenLists } from '../pipelines/lists.ts';
import { listsOptions, type ListsOptions } from '../pipelines/make-lists.ts';
import type { Sql } from '../pipelines/ports.ts';
import type { StoredArtifact } from '../pipelines/runner.ts';
import { createViews } from '../pipelines/views.ts';
import type { FrozenWeek } from '../pipelines/week-plan.ts';
import { openArtifacts, type Artifacts } from './artifacts.ts';
import { openDuckdb } from './duckdb.ts';
import { frozenLists, weekBookFolder } from './list-archive.ts';
import { openWeekBook } from './week-book.ts';

/** A week that was made, opened to be looked at: nothing is made again, nothing is written. */
export interface OpenedWeek {
  readonly frozen: FrozenWeek;
  /** Name of the lake that it was made from. */
  readonly lake: string;
  /** What the stage `lists` was run with. */
  readonly options: ListsOptions;
  readonly lists: FrozenLists;
  /** The list that was made for a listener of a zone, undefined where there is none. */
  listOf(zone: string, user: string): Promise<NamedList | undefined>;
  readonly gate: GateReport;
  /**
   * Folder of what the lists and the gate were made from, by the name of the input.
   *
   * @throws Error for an input that there is not
   */
  input(name: string): string;
  /** Every input is a schema: `catalogue.tracks`, `text.artist_terms`; `lists.listed`. */
  readonly sql: Sql;
  dispose(): void;
}

/**
 * @param home - absolute path or one from the working folder
 * @param which - default: the latest week that has lists, of all lakes; of two the one frozen last
 * @throws Mistake `UNKNOWN_WEEK` where the home has not made it, `ARTIFACT_CORRUPT` where something
 *   that it was made from is gone
 */
export async function openWeek(
  home: string,
  which: { readonly week?: string | undefined; readonly lake?: string | undefined } = {},
): Promise<OpenedWeek> {
  const { lake, frozen, fingerprint } = await findWeek(home, which);
  const artifacts = openArtifacts(join(home, 'artifacts'));
  const find = async (stage: string, wanted: string): Promise<StoredArtifact> => {
    const found = await artifacts.find(stage, wanted);
    if (found !== undefined) return found;
    throw new Mistake(
      'ARTIFACT_CORRUPT',
      `the lists of ${frozen.week}: expected artifact ${stage}/${wanted}, got none; make the week again with --from ${stage}`,
    );
  };
  const lists = await find('lists', fingerprint);
  const { options, inputs: ofLists } = (await artifacts.origin('lists', fingerprint))!;
  const inputs: Record<string, StoredArtifact> = {};
  const origins = { ...(await originOfGate(artifacts, ofLists['gate'])), ...ofLists };
  for (const [name, wanted] of Object.entries(origins)) {
    inputs[name] = await find(stageOf(name), wanted);
  }
  const gate = await readGateReport(join(inputs['gate']!.folder, gateReportFile));
  const made = await frozenLists(lists);
  const sql = await openDuckdb({ threads: 2 });
  await createViews(sql, { ...inputs, lists });
  return {
    frozen,
    lake,
    options: listsOptions.parse(options),
    lists: made,
    async listOf(zone, user) {
      for await (const list of made.read(zone)) {
        if (list.user !== user) continue;
        const tracks = nameTracks(list, await namesOf(made, [list]));
        return { user, week: made.week, zone, tracks, model: made.model };
      }
      return undefined;
    },
    gate,
    input(name) {
      const found = inputs[name];
      if (found === undefined) throw new Error(`week ${frozen.week}: no input ${name}`);
      return found.folder;
    },
    sql,
    dispose: () => sql.dispose(),
  };
}

/** The champion is no artifact: the registry keeps it. */
async function originOfGate(
  artifacts: Artifacts,
  fingerprint: string | undefined,
): Promise<Record<string, string>> {
  const origin = fingerprint && (await artifacts.origin('gate', fingerprint));
  if (!origin) return {};
  return Object.fromEntries(Object.entries(origin.inputs).filter(([name]) => name !== 'champion'));
}

/** An input bears the name of its stage, or one that says which of several it is. */
function stageOf(input: string): string {
  if (input.startsWith('previous-')) return 'lists';
  return input.startsWith('examples-') ? 'examples' : input;
}

async function findWeek(
  home: string,
  { week, lake }: { readonly week?: string | undefined; readonly lake?: string | undefined },
): Promise<{ lake: string; frozen: FrozenWeek; fingerprint: string }> {
  const found: { lake: string; frozen: FrozenWeek; fingerprint: string }[] = [];
  const lakes = (await readdir(join(home, 'weeks')).catch(() => [] as string[])).sort();
  for (const name of lakes) {
    if (lake !== undefined && name !== lake) continue;
    const book = openWeekBook(weekBookFolder(home, name));
    for (const key of await book.weeks()) {
      const frozen = await book.find(key);
      if (frozen?.lists === undefined) continue;
      found.push({ lake: name, frozen, fingerprint: frozen.lists.fingerprint });
    }
  }
  const wanted = found.filter(({ frozen }) => week === undefined || frozen.week === week);
  wanted.sort(
    (a, b) =>
      (a.frozen.week < b.frozen.week ? 1 : a.frozen.week > b.frozen.week ? -1 : 0) ||
      Date.parse(b.frozen.frozenAt) - Date.parse(a.frozen.frozenAt),
  );
  if (wanted[0] !== undefined) return wanted[0];
  const made = [...new Set(found.map(({ frozen }) => frozen.week))].sort().join(', ');
  throw new Mistake(
    'UNKNOWN_WEEK',
    `${home}: expected the lists of ${week ?? 'a week'}${lake === undefined ? '' : ` of ${lake}`}, got ${made || 'none'}; make them with npx mondaymix weekly`,
  );
}
