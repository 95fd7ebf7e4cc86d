import type { BatchMessage, WeeklyList } from '../lists.ts';

/**
 * Stands in the place of an erased listener in the lists of a week and in messages, so that a batch
 * of an order stays the same lists. It is nobody's id: ids hold no NUL.
 */
export const erasedUser = '\0erased';

/** An empty list in the place of one that is gone. Nothing is stored of it. */
export const erasedList: WeeklyList = Object.freeze({
  user: erasedUser,
  tracks: new Uint8Array(0),
});

/** The lists of a message that are somebody's. */
export function livingLists({ lists }: Pick<BatchMessage, 'lists'>): readonly WeeklyList[] {
  return lists.some(({ user }) => user === erasedUser)
    ? lists.filter(({ user }) => user !== erasedUser)
    : lists;
}

/** The message with the lists of these listeners taken out, but still in as many places. */
export function withoutUsers(message: BatchMessage, users: ReadonlySet<string>): BatchMessage {
  if (!message.lists.some(({ user }) => users.has(user))) return message;
  const lists = message.lists.map((list) => (users.has(list.user) ? erasedList : list));
  return { ...message, lists };
}
