import type { ModelFiles } from '../../pipelines/models.ts';

/** Files of a store that is far, each kept here too once it was put or got. */
export function cachedFiles(far: ModelFiles, near: ModelFiles): ModelFiles {
  return {
    place: far.place,
    async put(version, name, bytes) {
      await near.put(version, name, bytes);
      await far.put(version, name, bytes);
    },
    async get(version, name) {
      const here = await near.get(version, name);
      if (here !== undefined) return here;
      const found = await far.get(version, name);
      if (found !== undefined) await near.put(version, name, found);
      return found;
    },
  };
}
