import { nameTracks, readNames, type NamedList } from '../../pipelines/listed.ts';
import type { FrozenLists } from '../../pipelines/lists.ts';

/** All lists of a week by zone, as they are read. */
export async function namedListsOf(frozen: FrozenLists): Promise<NamedList[]> {
  const { week, model } = frozen;
  const names = await readNames(frozen.trackNames(), frozen.artistNames());
  const lists: NamedList[] = [];
  for (const { zone } of frozen.zones) {
    for await (const list of frozen.read(zone)) {
      lists.push({ user: list.user, week, zone, tracks: nameTracks(list, names), model });
    }
  }
  return lists;
}
