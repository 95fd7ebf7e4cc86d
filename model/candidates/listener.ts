/** What is known of one listener at a cut-off. The arrays may be views, valid until the next listener. */
export interface Listener {
  /** `listener_ix` */
  readonly index: number;
  /** Tracks played, ascending, and the time-decayed confidence of each (> 0). */
  readonly tracks: Int32Array;
  readonly trackConfidence: Float32Array;
  /** Lead artists played, ascending, and the confidence of each. */
  readonly artists: Int32Array;
  readonly artistConfidence: Float32Array;
  /** Indexes into the popularity lists: of the zone and of the country; -1 where there is no list. */
  readonly zonePlace: number;
  readonly countryPlace: number;
}

/** Rows of variable length: row r is `indices[start[r] .. start[r + 1]]` with `values` beside it. */
export interface Ragged {
  /** [numRows + 1] */
  readonly start: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

/** A matrix of factors: [numRows x numFactors] row-major. */
export interface Factors {
  readonly numRows: number;
  readonly numFactors: number;
  readonly values: Float32Array;
}

/** Rows that are not empty, ascending. */
export function rowsThatHold(rows: Ragged): Int32Array {
  const found: number[] = [];
  for (let r = 0; r + 1 < rows.start.length; r++) {
    if (rows.start[r + 1]! > rows.start[r]!) found.push(r);
  }
  return Int32Array.from(found);
}
