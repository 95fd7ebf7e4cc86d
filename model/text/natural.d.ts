/** A file of natural that comes without types. */
declare module 'natural/lib/natural/util/stopwords.js' {
  /** English stop words, digits and single letters. */
  export const words: string[];
}
