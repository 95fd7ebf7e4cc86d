import { resolve } from 'node:path';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';

/**
 * Configuration, parsed once from the environment. With `infra/setup.mjs` the only place that
 * reads it; everything below is passed down.
 */
const environment = z.object({
  /** Where everything written lies. Default `.mondaymix` in the working folder. */
  MONDAYMIX_HOME: z.string().min(1).default('.mondaymix'),
  /** Prefix of queues, exchanges and Redis keys, and name of the database. */
  MONDAYMIX_NAMESPACE: z
    .string()
    .regex(/^[a-z][a-z0-9_-]{0,30}$/)
    .default('mondaymix'),
  /** Servers that exist already. Without one, a private server is found or started. */
  RABBITMQ_URL: z.string().regex(/^amqps?:\/\//).optional(),
  REDIS_URL: z.string().regex(/^rediss?:\/\//).optional(),
  MONGODB_URL: z.string().regex(/^mongodb(\+srv)?:\/\//).optional(),
  /** Where a listener's picture is: `https://pictures.example/{user}`; without it covers are generated. */
  PICTURE_URL: z.string().includes('{user}').optional(),
  /** Named groups of zones for operations, JSON: `{"launch": ["Asia/Jakarta", "Asia/Bangkok"]}`. */
  REGION_GROUPS: z.string().default('{}'),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
});

export interface Config {
  /** Absolute path. */
  readonly home: string;
  readonly namespace: string;
  readonly rabbitmqUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly mongodbUrl: string | undefined;
  readonly pictureUrl: string | undefined;
  readonly regionGroups: Readonly<Record<string, readonly string[]>>;
  readonly api: { readonly host: string; readonly port: number };
  readonly logLevel: string;
}

/**
 * @param overrides - what the command line says; it goes before the environment
 * @throws Mistake `CONFIGURATION` naming the variable, what was expected and what came
 */
export function readConfig(overrides: { home?: string } = {}, env = process.env): Config {
  const parsed = environment.safeParse(withoutEmpty(env));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const name = String(issue.path[0]);
    throw new Mistake('CONFIGURATION', `environment variable ${name}: ${issue.message}`);
  }
  const values = parsed.data;
  return Object.freeze({
    home: resolve(overrides.home ?? values.MONDAYMIX_HOME),
    namespace: values.MONDAYMIX_NAMESPACE,
    rabbitmqUrl: values.RABBITMQ_URL,
    redisUrl: values.REDIS_URL,
    mongodbUrl: values.MONGODB_URL,
    pictureUrl: values.PICTURE_URL,
    regionGroups: parseGroups(values.REGION_GROUPS),
    api: { host: values.API_HOST, port: values.API_PORT },
    logLevel: values.LOG_LEVEL,
  });
}

function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function parseGroups(json: string): Record<string, string[]> {
  try {
    return z.record(z.string(), z.array(z.string()).min(1)).parse(JSON.parse(json));
  } catch (cause) {
    throw new Mistake(
      'CONFIGURATION',
      `environment variable REGION_GROUPS: expected JSON such as {"launch":["Asia/Jakarta"]}, got ${json}`,
      { cause },
    );
  }
}
