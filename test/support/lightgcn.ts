import { LightgcnReader, type UserItems } from '../../model/evaluation/lightgcn.ts';

/** A whole text. @throws Mistake as `LightgcnReader` */
export function parseLightgcn(text: string, file: string): UserItems {
  const reader = new LightgcnReader(file);
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) reader.line(line);
  return reader.end();
}
