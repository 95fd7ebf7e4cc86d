import { join } from 'node:path';
import { Mistake } from '../model/mistake.ts';
import { listsOptions, type ListsOptions } from '../pipelines/make-lists.ts';
import type { Sql } from '../pipelines/ports.ts';
import type { StoredArtifact } from '../pipelines/runner.ts';
import { createViews } from '../pipelines/views.ts';
import { openArtifacts } from './artifacts.ts';
import { openDuckdb } from './duckdb.ts';
import { openListArchive } from './list-archive.ts';

/** A week that was made, opened to be looked at: nothing is made again, nothing is written. */
export interface OpenedWeek {
  readonly week: string;
  /** What the stage `lists` was run with. */
  readonly options: ListsOptions;
  readonly lists: StoredArtifact;
  /** What the lists were made from, by the name of the input. */
  readonly inputs: Readonly<Record<string, StoredArtifact>>;
  /** Every input is a schema: `catalogue.tracks`, `text.artist_terms`; `lists.listed`. */
  readonly sql: Sql;
  dispose(): void;
}

/**
 * @param home - absolute path or one from the working folder
 * @param week - default the latest that has lists
 * @throws Mistake `UNKNOWN_WEEK` where the home has not made it, `ARTIFACT_CORRUPT` where something
 *   that it was made from is gone
 */
export async function openWeek(home: string, week?: string): Promise<OpenedWeek> {
  const artifacts = openArtifacts(join(home, 'artifacts'));
  const archive = openListArchive(home, artifacts);
  const weeks = await archive.weeks();
  const wanted = week ?? weeks.at(-1);
  const found = wanted === undefined ? undefined : await archive.find(wanted);
  if (wanted === undefined || found === undefined) {
    throw new Mistake(
      'UNKNOWN_WEEK',
      `${home}: expected the lists of ${wanted ?? 'a week'}, got ${weeks.join(', ') || 'none'}; make them with npx mondaymix weekly`,
    );
  }
  const lists = (await artifacts.find('lists', found.fingerprint))!;
  const origin = (await artifacts.origin('lists', found.fingerprint))!;
  const inputs: Record<string, StoredArtifact> = {};
  for (const [name, fingerprint] of Object.entries(origin.inputs)) {
    // An input bears the name of its stage, but for the lists of the weeks before.
    const stage = name.startsWith('previous-') ? 'lists' : name;
    const input = await artifacts.find(stage, fingerprint);
    if (input === undefined) {
      throw new Mistake(
        'ARTIFACT_CORRUPT',
        `the lists of ${wanted}: expected artifact ${stage}/${fingerprint}, got none; make the week again with --from ${stage}`,
      );
    }
    inputs[name] = input;
  }
  const sql = await openDuckdb({ threads: 2 });
  await createViews(sql, { ...inputs, lists });
  return {
    week: wanted,
    options: listsOptions.parse(origin.options),
    lists,
    inputs,
    sql,
    dispose: () => sql.dispose(),
  };
}
