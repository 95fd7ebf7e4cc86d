/**
 * Who is champion, from what has happened.
 *
 * A registry keeps events and never changes one. From them follows a stack of champions: a promotion
 * lays a model on top, a rollback takes the top one away. The model on top is the **champion**; one
 * that was champion and is not any more is **retired**; every other model is a **candidate**.
 */
export type ModelState = 'candidate' | 'champion' | 'retired';

export interface OfficeEvent {
  /** The same event told twice counts once. */
  readonly id: string;
  readonly kind: 'promoted' | 'rolledBack';
  /** Who came into office, or was taken out of it. */
  readonly version: string;
  /**
   * Promoted by the gate: the champion that it was compared with, null where there was none. If
   * another one is in office by then, the promotion does not count.
   */
  readonly instead: string | null;
  readonly by: 'gate' | 'operator';
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface Office<Event extends OfficeEvent = OfficeEvent> {
  /** The champion last; empty before the first promotion. One version may be there more than once. */
  readonly champions: readonly string[];
  /** The events that counted, oldest first. */
  readonly history: readonly Event[];
}

/**
 * Plays the events back, by time and then by id, in whatever order they are given. So two registries
 * that each have some of the events agree once each has all.
 */
export function officeOf<Event extends OfficeEvent>(events: Iterable<Event>): Office<Event> {
  const byId = new Map<string, Event>();
  for (const event of events) byId.set(event.id, event);
  const ordered = [...byId.values()].sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  const champions: string[] = [];
  const history: Event[] = [];
  for (const event of ordered) {
    const champion = champions.at(-1) ?? null;
    if (event.kind === 'promoted') {
      if (event.version === champion) continue;
      if (event.by === 'gate' && event.instead !== champion) continue;
      champions.push(event.version);
    } else {
      if (event.version !== champion) continue;
      champions.pop();
    }
    history.push(event);
  }
  return { champions, history };
}

export function stateOf(version: string, { champions, history }: Office): ModelState {
  if (champions.at(-1) === version) return 'champion';
  const wasPromoted = history.some(
    (event) => event.kind === 'promoted' && event.version === version,
  );
  return wasPromoted ? 'retired' : 'candidate';
}

/** Who was rolled back and is not in office since, ascending. */
export function rolledBackOf({ champions, history }: Office): string[] {
  const versions = history
    .filter(({ kind }) => kind === 'rolledBack')
    .map((event) => event.version);
  return [...new Set(versions)].filter((version) => !champions.includes(version)).sort();
}

/**
 * The champion that a week may know: the topmost one that nothing after the week's cut-off has
 * shaped, neither what it learned from nor what it was chosen on. A week long past, made again
 * today, must not know what came after it.
 *
 * @param shapedUntil - milliseconds since 1970; undefined for a model that is not known
 */
export function championBefore(
  { champions }: Office,
  cutoffMs: number,
  shapedUntil: (version: string) => number | undefined,
): string | undefined {
  return champions.findLast((version) => (shapedUntil(version) ?? Infinity) <= cutoffMs);
}
