/**
 * What runs on each thread of `infra/threads.ts`: imports modules in TypeScript by their URL and
 * calls what they export. JavaScript, because Node 20 starts threads with nothing else.
 */
import { register } from 'tsx/esm/api';

register();

export default async function call({ module, name, input }) {
  const exports = await import(module);
  return exports[name](input);
}
