/** Weights of the linker's regressions, in the order of their inputs. */
export interface LinkerWeights {
  /** Of `mentionFeatureNames`: whether an artist is meant. */
  readonly mention: readonly number[];
  /** Of `titleFeatureNames`: whether a title is meant, where its artist is. */
  readonly title: readonly number[];
  /** Whether a word that is an artist's last name means that artist, whose whole name is not there. */
  readonly lastName: readonly number[];
  /** Whether an artist who is named is the subject. */
  readonly about: readonly number[];
}

/**
 * Fitted by `npm run bench:linking -- --fit`, which prints them: `mention` and `title` on
 * `test/fixtures/linking/train.jsonl`, `lastName` and `about` on the articles of `../shared/data/text` with
 * an even page number, title and first sentence masked; by Newton's method, see `fitLogistic`.
 * `held-out.jsonl` and the articles with an odd number were not looked at.
 */
export const linkerWeights: LinkerWeights = {
  mention: [
    1.5876, -1.3029, 0.1451, 0.586, 0.9309, -0.4481, -0.9218, 0.7051, -2.2685, -0.9349, 0.2025, 0,
    -2.1711, -2.0621, -1.414, -2.0621, -1.414, -1.1857, 0, -2.1439, 0.1331, 0.3581, 0.6365, 0.2526,
    2.5958, 1.7582, 1.133, 0.548, 0.9788, 3.8647, 1.4321, 0.8013, 0, 0.0328, 0, -1.1525, -2.1831,
    -1.05, -0.1988, 0.1176, -0.5034, 0.312, 1.6416,
  ],
  title: [
    2.7464, 1.3721, -1.5224, 0.4043, 0.5404, -1.0152, 0, 0.6576, 0.1143, -0.1026, 1.0564, 0.0958, 0,
    0.3457, 0, 0, -0.8969,
  ],
  lastName: [-6.1491, 3.36, 3.5002, 3.4932, 0.0319, -1.7332, -1.7948, -0.7389],
  about: [-5.5858, 1.4194, 1.3783, 3.8411, 0.0508, 1.6997, -0.8523, 1.8987],
};
