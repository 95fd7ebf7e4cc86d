/** Colours of a week, as `#rrggbb`. */
export interface Palette {
  /** Near black: shadows of a picture, ground of the lettering. */
  readonly dark: string;
  /** Between the two, for a picture; default: half of each. */
  readonly mid?: string;
  /** Near white: lights of a picture, the lettering. */
  readonly light: string;
  /** Four or more that go together. */
  readonly tones: readonly string[];
}

const palettes: readonly Palette[] = [
  { dark: '#14213d', light: '#fff3d6', tones: ['#fca311', '#e5633c', '#2a4d8f', '#f2d0a4'] },
  { dark: '#1b1931', light: '#ffe9e3', tones: ['#ed9e59', '#a34054', '#662249', '#e9bcb9'] },
  { dark: '#0b2b26', light: '#eef7e4', tones: ['#8eb69b', '#235347', '#f4c95d', '#dd7230'] },
  { dark: '#22162b', light: '#f6e9ff', tones: ['#f8c630', '#e54f6d', '#724e91', '#8884ff'] },
  { dark: '#102a43', light: '#e8fbff', tones: ['#17bebb', '#ffc914', '#e4572e', '#2e6f95'] },
  { dark: '#2b1d14', light: '#fff6e5', tones: ['#c8553d', '#f28f3b', '#588b8b', '#ffd5c2'] },
  { dark: '#171738', light: '#edf2ff', tones: ['#ff6b6b', '#7180ac', '#ffd166', '#3c4f9e'] },
];

/** Each week has another than the week before. */
export function paletteOf(week: string): Palette {
  const [year, number] = week.split('-W').map(Number) as [number, number];
  // A week on is one more; from the last week of a year to the next it is one or two more.
  return palettes[(year * 53 + number) % palettes.length]!;
}
