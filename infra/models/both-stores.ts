import type { ModelEvent, ModelRecord, ModelStore } from '../../pipelines/models.ts';

/**
 * Two stores as one: a shared one and the home's own. What either lacks is brought to it first, so
 * that a home that has worked without servers, or a MongoDB that keeps nothing, catches up. From
 * then on the shared one is read, and both are written.
 */
export async function bothStores(shared: ModelStore, own: ModelStore): Promise<ModelStore> {
  const records = await Promise.all([shared.records(), own.records()]);
  const events = await Promise.all([shared.events(), own.events()]);
  const recordKey = ({ lake, version }: ModelRecord) => `${lake}/${version}`;
  const eventKey = ({ lake, id }: ModelEvent) => `${lake}/${id}`;
  // Records first: an event never names a model that is not there.
  for (const record of lacking(records[0], records[1], recordKey)) await shared.addRecord(record);
  for (const record of lacking(records[1], records[0], recordKey)) await own.addRecord(record);
  for (const event of lacking(events[0], events[1], eventKey)) await shared.addEvent(event);
  for (const event of lacking(events[1], events[0], eventKey)) await own.addEvent(event);
  return {
    records: () => shared.records(),
    events: () => shared.events(),
    async addRecord(record) {
      await own.addRecord(record);
      await shared.addRecord(record);
    },
    async addEvent(event) {
      await own.addEvent(event);
      await shared.addEvent(event);
    },
  };
}

function lacking<Value>(
  here: readonly Value[],
  there: readonly Value[],
  key: (value: Value) => string,
): Value[] {
  const keys = new Set(here.map(key));
  return there.filter((value) => !keys.has(key(value)));
}
