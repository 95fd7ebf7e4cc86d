import { resolve } from 'node:path';
import { z } from 'zod';
import { Mistake } from '../model/mistake.ts';
import { secretPattern } from './webhook/signature.ts';

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
  RABBITMQ_URL: z
    .string()
    .regex(/^amqps?:\/\//)
    .optional(),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//)
    .optional(),
  MONGODB_URL: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//)
    .optional(),
  /** Brokers of Kafka, which then keeps the log of what arrives; without them RabbitMQ does. */
  KAFKA_BROKERS: z
    .string()
    .regex(/^[^\s,:/]+:\d+(,[^\s,:/]+:\d+)*$/)
    .optional(),
  /** How long the log keeps what has arrived, days, and how much at most, MiB; default 7, no limit. */
  LOG_KEEP_DAYS: z.coerce.number().positive().max(3650).default(7),
  LOG_KEEP_MB: z.coerce.number().int().min(200).optional(),
  /**
   * A store that speaks S3, for the files of models: `https://s3.example/bucket/folder`; without it
   * they are in the home. The keys are needed with it alone.
   */
  MODELS_URL: z
    .string()
    .regex(/^https?:\/\/[^/]+\/[^/]/)
    .optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_REGION: z.string().default('us-east-1'),
  /**
   * Where a listener's picture is: `https://pictures.example/{user}`, or with `{sha256}` or `{md5}`
   * of the listener's id, as `https://gravatar.com/avatar/{sha256}?s=640&d=404`.
   */
  PICTURE_URL: z
    .string()
    .regex(/^https?:.*\{(user|sha256|md5)\}/)
    .optional(),
  /** Where a service tells as JSON where a listener's picture is, and where in the JSON that is. */
  PICTURE_LOOKUP_URL: z
    .string()
    .regex(/^https?:.*\{user\}/)
    .optional(),
  PICTURE_LOOKUP_PATH: z.string().min(1).default('picture_url'),
  /** A JSON file that says what is crawled: see `pipelines/crawl/sources-file.ts`. */
  CRAWL_SOURCES: z.string().min(1).optional(),
  /** Where whoever is crawled can turn to; it is part of every request. */
  CRAWL_CONTACT: z
    .string()
    .regex(/^(https?:\/\/|mailto:)[^\s()]+$/)
    .optional(),
  /** Hours without news after which a source of data is stale, JSON: `{"log": 1, "nowplaying": 24}`. */
  STALE_AFTER_HOURS: z.string().default('{}'),
  /** A client's server that is told of every delivered batch, and the secret it is signed with. */
  WEBHOOK_URL: z
    .string()
    .regex(/^https?:\/\/[^/]/)
    .optional(),
  WEBHOOK_SECRET: z.string().regex(secretPattern).optional(),
  /**
   * How often `ingest` has what is new prepared for the next week, minutes; 0: never. Default 60.
   */
  PREPARE_EVERY_MINUTES: z.coerce.number().min(0).max(1440).default(60),
  /** Named groups of zones for operations, JSON: `{"launch": ["Asia/Jakarta", "Asia/Bangkok"]}`. */
  REGION_GROUPS: z.string().default('{}'),
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  /**
   * How many requests a client may make that bring or read listens and other events: with a valid
   * token, from an address without one, and in how many seconds. As ListenBrainz by default.
   */
  RATE_LIMIT_TOKEN: z.coerce.number().int().min(1).max(1e9).default(50),
  RATE_LIMIT_ADDRESS: z.coerce.number().int().min(1).max(1e9).default(30),
  RATE_LIMIT_WINDOW: z.coerce.number().int().min(1).max(86_400).default(10),
  /** Whether everybody reads the listens of all, as on ListenBrainz; else a listener their own. */
  LISTENS_PUBLIC: z.enum(['true', 'false']).default('false'),
  /** Where `scheduler` and `deliver` give out their metrics; without a port they do not. */
  METRICS_HOST: z.string().default('127.0.0.1'),
  METRICS_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  /** Without it services log at `info`, and commands tell people what they need to know. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).optional(),
});

export interface Config {
  /** Absolute path. */
  readonly home: string;
  readonly namespace: string;
  readonly rabbitmqUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly mongodbUrl: string | undefined;
  /** `host:port` of Kafka's brokers; undefined: RabbitMQ keeps the log. */
  readonly kafkaBrokers?: readonly string[] | undefined;
  /** What the log keeps when it is made. Default: 7 days, however much it is. */
  readonly logKeeps?: { readonly days: number; readonly mb: number | undefined };
  /** The store of the files of models, where it is not the home. */
  readonly models: ModelsConfig | undefined;
  readonly pictureUrl: string | undefined;
  readonly pictureLookup?: { readonly url: string; readonly path: string } | undefined;
  /** What is crawled, and as whom; nothing without both. */
  readonly crawl?: { readonly sources: string | undefined; readonly contact: string | undefined };
  /** Hours without news after which a source of data is stale, by its name. */
  readonly staleAfterHours?: Readonly<Record<string, number>>;
  /** Whom to tell of delivered batches; nobody by default. */
  readonly webhook?: { readonly url: string; readonly secret: string } | undefined;
  /** Minutes after which `ingest` prepares what is new; 0 or left out: never. */
  readonly prepareEveryMinutes?: number;
  readonly regionGroups: Readonly<Record<string, readonly string[]>>;
  readonly api: { readonly host: string; readonly port: number };
  /** What the routes of listens and other events allow. */
  readonly listens: {
    readonly perToken: number;
    readonly perAddress: number;
    readonly windowS: number;
    readonly arePublic: boolean;
  };
  /** Undefined: nowhere. */
  readonly metrics?: { readonly host: string; readonly port: number } | undefined;
  readonly logLevel: string | undefined;
}

export interface ModelsConfig {
  readonly url: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** What the mistakes say was expected. */
const expectations: Readonly<Record<keyof typeof environment.shape, string>> = {
  MONDAYMIX_HOME: 'a folder',
  MONDAYMIX_NAMESPACE: 'up to 31 of a-z, 0-9, _ and -, beginning with a letter',
  RABBITMQ_URL: 'amqp://user:password@host:port',
  REDIS_URL: 'redis://user:password@host:port',
  MONGODB_URL: 'mongodb://user:password@host:port',
  KAFKA_BROKERS: 'host:port, or several with commas',
  LOG_KEEP_DAYS: 'days, above 0',
  LOG_KEEP_MB: 'MiB, at least 200',
  MODELS_URL: 'a bucket, perhaps with a folder, such as https://s3.example/bucket/folder',
  AWS_ACCESS_KEY_ID: 'the key of the store that MODELS_URL names',
  AWS_SECRET_ACCESS_KEY: 'the secret key of the store that MODELS_URL names',
  AWS_REGION: 'a region, such as eu-central-1',
  PICTURE_URL: 'a URL with {user} in it, such as https://pictures.example/{user}',
  PICTURE_LOOKUP_URL: 'a URL with {user} in it, such as https://service.example/1/user/{user}',
  PICTURE_LOOKUP_PATH: 'names with dots between them, such as payload.avatar_url',
  CRAWL_SOURCES: 'a file, such as crawl.json',
  CRAWL_CONTACT: 'an address of the web or of mail, such as https://service.example/crawler',
  STALE_AFTER_HOURS: 'JSON with hours above 0, such as {"log":1}',
  WEBHOOK_URL: 'a URL, such as https://client.example/mondaymix',
  WEBHOOK_SECRET: 'with WEBHOOK_URL: whsec_ and at least 24 random bytes in base64',
  PREPARE_EVERY_MINUTES: 'minutes from 0 to 1440, 0 for never',
  REGION_GROUPS: 'JSON such as {"launch":["Asia/Jakarta"]}',
  API_HOST: 'a host name or address',
  API_PORT: 'a port from 0 to 65535',
  RATE_LIMIT_TOKEN: 'requests, 1 or more',
  RATE_LIMIT_ADDRESS: 'requests, 1 or more',
  RATE_LIMIT_WINDOW: 'seconds, from 1 to 86400',
  LISTENS_PUBLIC: 'true or false',
  METRICS_HOST: 'a host name or address',
  METRICS_PORT: 'a port from 0 to 65535',
  LOG_LEVEL: 'fatal, error, warn, info, debug or silent',
};

/**
 * @param overrides - what the command line says; it goes before the environment
 * @throws Mistake `CONFIGURATION` naming the variable, what was expected and what came
 */
export function readConfig(
  overrides: { home?: string; metricsPort?: number } = {},
  env = process.env,
): Config {
  const parsed = environment.safeParse(withoutEmpty(env));
  if (!parsed.success) {
    const name = parsed.error.issues[0]!.path[0] as keyof typeof expectations;
    throw malformed(name, env[name]!);
  }
  const values = parsed.data;
  return Object.freeze({
    home: resolve(overrides.home ?? values.MONDAYMIX_HOME),
    namespace: values.MONDAYMIX_NAMESPACE,
    rabbitmqUrl: values.RABBITMQ_URL,
    redisUrl: values.REDIS_URL,
    mongodbUrl: values.MONGODB_URL,
    kafkaBrokers: values.KAFKA_BROKERS?.split(','),
    logKeeps: { days: values.LOG_KEEP_DAYS, mb: values.LOG_KEEP_MB },
    models: modelsOf(values),
    pictureUrl: values.PICTURE_URL,
    crawl: { sources: values.CRAWL_SOURCES, contact: values.CRAWL_CONTACT },
    staleAfterHours: parseHours(values.STALE_AFTER_HOURS),
    pictureLookup: lookupOf(values.PICTURE_LOOKUP_URL, values.PICTURE_LOOKUP_PATH),
    webhook: webhookOf(values),
    prepareEveryMinutes: values.PREPARE_EVERY_MINUTES,
    regionGroups: parseGroups(values.REGION_GROUPS),
    api: { host: values.API_HOST, port: values.API_PORT },
    listens: {
      perToken: values.RATE_LIMIT_TOKEN,
      perAddress: values.RATE_LIMIT_ADDRESS,
      windowS: values.RATE_LIMIT_WINDOW,
      arePublic: values.LISTENS_PUBLIC === 'true',
    },
    metrics: metricsOf(values.METRICS_HOST, overrides.metricsPort ?? values.METRICS_PORT),
    logLevel: values.LOG_LEVEL,
  });
}

function modelsOf(values: z.infer<typeof environment>): ModelsConfig | undefined {
  if (values.MODELS_URL === undefined) return undefined;
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const) {
    if (values[name] === undefined) throw malformed(name, '');
  }
  return {
    url: values.MODELS_URL,
    accessKeyId: values.AWS_ACCESS_KEY_ID!,
    secretAccessKey: values.AWS_SECRET_ACCESS_KEY!,
    region: values.AWS_REGION,
  };
}

function metricsOf(host: string, port: number | undefined): Config['metrics'] {
  return port === undefined ? undefined : { host, port };
}

function webhookOf(values: z.infer<typeof environment>): Config['webhook'] {
  if (values.WEBHOOK_URL === undefined) return undefined;
  if (values.WEBHOOK_SECRET === undefined) throw malformed('WEBHOOK_SECRET', '');
  return { url: values.WEBHOOK_URL, secret: values.WEBHOOK_SECRET };
}

function lookupOf(url: string | undefined, path: string): Config['pictureLookup'] {
  return url === undefined ? undefined : { url, path };
}

function malformed(name: keyof typeof expectations, value: string, cause?: unknown): Mistake {
  // What a URL holds before the @ may be a password.
  const isSecret = /^AWS_|_SECRET$/.test(name) && value !== '';
  const shown = name.endsWith('_URL') ? value.replace(/[^/]*@/, '…@') : isSecret ? '…' : value;
  return new Mistake(
    'CONFIGURATION',
    `environment variable ${name}: expected ${expectations[name]}, got "${shown}"`,
    { cause },
  );
}

function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}

function parseGroups(json: string): Record<string, string[]> {
  try {
    return z.record(z.string(), z.array(z.string()).min(1)).parse(JSON.parse(json));
  } catch (cause) {
    throw malformed('REGION_GROUPS', json, cause);
  }
}

function parseHours(json: string): Record<string, number> {
  try {
    return z.record(z.string(), z.number().positive()).parse(JSON.parse(json));
  } catch (cause) {
    throw malformed('STALE_AFTER_HOURS', json, cause);
  }
}
