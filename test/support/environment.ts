import { DETERMINISTIC } from '../../infra/tensorflow.ts';

/**
 * Jest's global set-up. Inside tests `process.env` is a copy that native libraries do not see; this
 * runs outside of them, before TensorFlow is loaded.
 */
export default function setEnvironment(): void {
  for (const [name, value] of Object.entries(DETERMINISTIC)) process.env[name] ??= value;
}
