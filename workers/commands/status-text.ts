import { number } from '../../pipelines/funnel.ts';
import type { MissingList } from '../../pipelines/delivery/missing.ts';
import type { StatusCounts, WeekStatus } from '../../pipelines/delivery/status.ts';
import type { ListStory } from '../../pipelines/delivery/story.ts';
import type { Deadlines } from '../proof.ts';

const columns: readonly (readonly [title: string, key: keyof StatusCounts])[] = [
  ['listeners', 'listeners'],
  ['due', 'due'],
  ['delivered', 'delivered'],
  ['by 00:00', 'by00'],
  ['by 06:00', 'by06'],
  ['now', 'now'],
  ['late', 'late'],
  ['failed', 'failed'],
  ['missing', 'missing'],
];

/** A line for all, for each area and each zone; then why lists are not there. */
export function statusTable({ week, total, regions, zones, why, notMade }: WeekStatus): string {
  const line = (name: string, counts: StatusCounts) =>
    `${name.padEnd(34)}${columns.map(([, key]) => number(counts[key]).padStart(11)).join('')}`;
  return [
    `${week.padEnd(34)}${columns.map(([title]) => title.padStart(11)).join('')}`,
    line('all', total),
    ...regions.flatMap(({ region, ...counts }) => [
      line(region, counts),
      ...zones.filter((zone) => zone.region === region).map((zone) => line(`  ${zone.zone}`, zone)),
    ]),
    ...why.map(({ why: kind, reason, lists }) =>
      [`${number(lists)} lists: ${kind}`, ...(reason === undefined ? [] : [reason])].join(', '),
    ),
    ...Object.entries(notMade).map(
      ([reason, listeners]) => `${number(listeners)} listeners of all zones: not made, ${reason}`,
    ),
  ].join('\n');
}

/** A line for each zone that will miss its Monday. */
export function deadlineLines({ listsPerSecond, zones }: Deadlines): string[] {
  const missed = zones.filter(({ misses }) => misses);
  if (missed.length === 0) return [];
  const rate = listsPerSecond === null ? 'unknown' : `${listsPerSecond.toFixed(1)} lists a second`;
  return [
    `misses Monday 00:00 (rate: ${rate}):`,
    ...missed.map(({ zone, deadline, predictedAt, late, failed, left }) => {
      const when = left === 0 ? '' : `, the last list ${predictedAt ?? 'nobody knows when'}`;
      return `  ${zone} at ${deadline}: ${number(late)} late, ${number(failed)} failed${when}`;
    }),
  ];
}

/** One listener a line. */
export function missingLine({ user, zone, order, batch, why, reason }: MissingList): string {
  const where = order === undefined ? '' : ` (${order}, batch ${batch})`;
  return `${user.padEnd(24)}  ${zone.padEnd(30)}  ${why}${reason === undefined ? '' : `: ${reason}`}${where}`;
}

const explanations: Readonly<Record<ListStory['state'], string>> = {
  stored: 'stored, and the ledger says so',
  'not in the ledger': 'stored, but the ledger does not say so; npx mondaymix reconcile',
  lost: 'delivered as the ledger says, but it is not stored; npx mondaymix reconcile',
  missing: 'not stored',
  'not made': 'the week has no list for this listener',
};

/** The story, a fact a line. */
export function storyLines(story: ListStory): string[] {
  const { user, week, zone, dueAt, state, onTime, model, revision, storedAt, cover } = story;
  const facts: [name: string, value: string | number | undefined][] = [
    ['zone', zone],
    ['due', dueAt],
    ['state', explanations[state]],
    ['stored at', storedAt],
    ['first delivery', onTime === undefined ? undefined : onTime ? 'on time' : 'late'],
    ['revision', revision],
    ['model', model],
    ['cover', cover === 'picture' ? "from the listener's picture" : cover],
    ...story.orders.map(({ order, batch, publishedAt, deliveredAt }): [string, string] => [
      'order',
      `${order}, batch ${batch}: published ${publishedAt ?? 'in part'}, delivered ${deliveredAt}`,
    ]),
    ['missing', story.missing && whyOf(story.missing)],
  ];
  return [
    `${user}, ${week}`,
    ...facts
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `  ${name.padEnd(16)}${value}`),
  ];
}

function whyOf({ order, batch, why, reason }: NonNullable<ListStory['missing']>): string {
  const where = order === undefined ? '' : ` (${order}, batch ${batch})`;
  return `${why}${reason === undefined ? '' : `: ${reason}`}${where}`;
}
