import { z } from 'zod';
import {
  ARPABET,
  DEFAULT_LIMITS,
  WEEKDAYS,
  type OpeningTime,
  type Weekday,
} from '../dialog/contract/agent-profile.ts';
import type { AgentPhrase } from '../dialog/contract/stock-phrases.ts';
import { CODEC_NAMES } from '../media/codec.ts';
import { httpTool, transferTarget } from './agent-tools.ts';
import type { KnownProviders } from './known-providers.ts';
import { openingHoursRemedy, parseOpeningHours } from './opening-hours.ts';
import { providersSection } from './provider-settings.ts';
import { isQuick } from './quick-expression.ts';
import {
  advertisedAddress,
  audioFormat,
  decimal,
  identifier,
  ipAddress,
  serverUrl,
  text,
  toggle,
  whole,
} from '../settings/values.ts';

/*
 * What may stand in agents.yaml and providers.yaml. Unknown keys are errors. Every key of these schemas has its
 * line in docs/configuration.md (a test keeps the two equal).
 */

/** A name that flite and Cartesia's section have. */
export const DEFAULT_VOICE = 'slt';
export const DEFAULT_LANGUAGE = 'en';

/** Long enough that nobody guesses it, not even from what is signed with it. */
const token = text.refine(
  (value) => value.length >= 16,
  'at least 16 characters, such as of openssl rand -hex 24',
);

const timeZone = text.refine((value) => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}, 'an IANA time zone, such as Europe/London');

const regularExpression = text
  .refine((value) => {
    try {
      return new RegExp(value, 'giu').flags !== '';
    } catch {
      return false;
    }
  }, 'a regular expression of JavaScript, such as [A-Z]{2}[0-9]{6}')
  .refine(
    (value) => isQuick(value, 'giu'),
    'a regular expression that is done soon: this one takes more than a second for 200 letters, such as (A+)+B does',
  );

const pronunciation = text.refine(
  (value) => value.split(/\s+/).every((phone) => ARPABET.includes(phone)),
  'ARPAbet phones without stress marks, such as "T UW TH EY K"',
);

function openingDay(day: Weekday) {
  return z.string().transform((value, context): OpeningTime[] => {
    const times = parseOpeningHours(day, value);
    if (times) return times;
    context.addIssue({ code: 'custom', message: openingHoursRemedy(value) });
    return z.NEVER;
  });
}

const openingHours = z
  .strictObject({
    monday: openingDay('monday').optional(),
    tuesday: openingDay('tuesday').optional(),
    wednesday: openingDay('wednesday').optional(),
    thursday: openingDay('thursday').optional(),
    friday: openingDay('friday').optional(),
    saturday: openingDay('saturday').optional(),
    sunday: openingDay('sunday').optional(),
  })
  .transform((week): OpeningTime[] => WEEKDAYS.flatMap((day) => week[day] ?? []));

const knowledge = z.strictObject({
  company: text,
  timeZone: timeZone.exactOptional(),
  openingHours: openingHours.exactOptional(),
  address: text.exactOptional(),
  services: z
    .array(
      z.strictObject({
        name: text,
        also: z.array(text).default([]),
        about: text,
        price: text.exactOptional(),
      }),
    )
    .default([]),
  questions: z.array(z.strictObject({ ask: z.array(text).min(1), answer: text })).default([]),
  departments: z
    .array(
      z.strictObject({
        name: text.regex(
          /^[^,"$;\\\n]*$/,
          'a text without , " $ ; or \\: it is an extension of the dialplan',
        ),
        digit: z
          .string()
          .regex(/^[1-9]$/, 'one digit from 1 to 9, in quotes')
          .exactOptional(),
        also: z.array(text).default([]),
      }),
    )
    .default([]),
  takesMessages: toggle.default(true),
  pronunciations: z.record(z.string(), pronunciation).default({}),
});

const limits = z.strictObject({
  endpointingMs: whole(200, 5_000).default(DEFAULT_LIMITS.endpointingMs),
  eagerPauseMs: whole(0, 5_000).default(DEFAULT_LIMITS.eagerPauseMs),
  longestTurnMs: whole(5_000, 300_000).default(DEFAULT_LIMITS.longestTurnMs),
  bargeInMs: whole(60, 2_000).default(DEFAULT_LIMITS.bargeInMs),
  interDigitMs: whole(300, 10_000).default(DEFAULT_LIMITS.interDigitMs),
  fillerMs: whole(500, 10_000).default(DEFAULT_LIMITS.fillerMs),
  firstPacketMs: whole(0, 10_000).default(DEFAULT_LIMITS.firstPacketMs),
  silenceMs: whole(1_000, 60_000).default(DEFAULT_LIMITS.silenceMs),
  silencePrompts: whole(0, 10).default(DEFAULT_LIMITS.silencePrompts),
  maxCallMs: whole(10_000, 14_400_000).default(DEFAULT_LIMITS.maxCallMs),
});

/** Each for itself: what isn't given, the agent says as its language does. */
const phrases = z.strictObject({
  stillThere: text.exactOptional(),
  silenceGoodbye: text.exactOptional(),
  oneMoment: text.exactOptional(),
  welcomeBack: text.exactOptional(),
  sayAgain: text.exactOptional(),
  apology: text.exactOptional(),
  notReached: text.exactOptional(),
  maxCall: text.exactOptional(),
  draining: text.exactOptional(),
  goodbye: text.exactOptional(),
} satisfies Record<AgentPhrase, unknown>);

/* What is optional here stays away where it isn't set, as AgentProfile has it: config.ts holds the two together. */

const agent = z.strictObject({
  id: identifier,
  extensions: z.array(z.string().regex(/^[A-Za-z0-9*#+_.-]{1,80}$/, 'an extension of the dialplan')).min(1),
  name: text,
  greeting: text,
  callOpening: text.exactOptional(),
  phrases: phrases.exactOptional(),
  instructions: z.string().trim().default(''),
  voice: text.default(DEFAULT_VOICE),
  language: text.default(DEFAULT_LANGUAGE),
  codec: z.enum([...CODEC_NAMES, 'auto']).default('auto'),
  patience: z.enum(['quick', 'normal', 'relaxed']).default('normal'),
  filler: z.enum(['words', 'tone']).default('words'),
  greetingInterruptible: toggle.default(true),
  limits: limits.prefault({}),
  afterwards: z.enum(['hang-up', 'continue']).default('hang-up'),
  tools: z.array(text).exactOptional(),
  transferTargets: z.array(transferTarget).default([]),
  whenFailing: z.enum(['continue', 'hang-up', 'keep-trying']).default('continue'),
  knowledge,
});

const announcements = z.strictObject({
  voice: text.default(DEFAULT_VOICE),
  language: text.default(DEFAULT_LANGUAGE),
  unknownExtension: text.exactOptional(),
  busy: text.exactOptional(),
  trouble: text.exactOptional(),
});

export const agentsFile = z.strictObject({
  announcements: announcements.prefault({}),
  agents: z.array(agent).min(1),
  httpTools: z.array(httpTool).default([]),
});

const asteriskServer = z.strictObject({
  name: identifier,
  url: serverUrl.refine(
    (value) => !/[?#]/.test(value),
    'an address without a query: user and password have keys of their own',
  ),
  app: identifier.default('voice-agent'),
  username: text,
  password: text,
  instance: identifier.default('main'),
  variables: z.array(text).default([]),
  mediaAddress: ipAddress.optional(),
});

/** Stands behind a dot in an application's name, and in variables of Asterisk's, where `-` and `_` are one. */
const nodeName = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/, 'letters, digits and - (32 at most)');

const rtpGateway = z.strictObject({
  listenAddress: ipAddress.default('127.0.0.1'),
  listenPort: whole(0, 65_535).default(0),
  advertisedAddress: advertisedAddress.optional(),
  workers: whole(1, 64).default(1),
  codec: z.enum(CODEC_NAMES).default('ulaw'),
  source: audioFormat.optional(),
  realtime: z.enum(['auto', 'off']).default('auto'),
  silenceSuppression: toggle.default(false),
  remote: z.strictObject({ address: ipAddress, port: whole(1, 65_535) }).optional(),
});

const vonageGateway = z.strictObject({
  enabled: toggle.default(false),
  listenAddress: ipAddress.default('127.0.0.1'),
  listenPort: whole(0, 65_535).default(8089),
  publicUrl: serverUrl.optional(),
  sampleRateHz: z
    .preprocess(
      (value) => (typeof value === 'string' ? Number(value) : value),
      z.literal([8000, 16000, 24000]),
    )
    .default(16000),
  applicationId: text.optional(),
  apiKey: text.optional(),
  privateKey: text.optional(),
  signatureSecret: text.optional(),
  allowUnsigned: toggle.default(false),
  apiUrl: serverUrl.default('https://api.nexmo.com'),
  numbers: z.record(z.string(), text).default({}),
  departments: z.record(z.string(), text).default({}),
  ringbackToneUrl: serverUrl.optional(),
  attachMs: whole(1_000, 120_000).default(30_000),
  reattachMs: whole(0, 60_000).default(5_000),
  maxConnections: whole(1, 100_000).default(2_000),
});

export function providersFile(known: KnownProviders) {
  return z.strictObject({
    asterisk: z.array(asteriskServer).default([]),
    gateways: z
      .strictObject({ rtp: rtpGateway.prefault({}), vonage: vonageGateway.prefault({}) })
      .prefault({}),
    providers: providersSection(known).prefault({}),
    limits: z
      .strictObject({
        maxCalls: whole(1, 10_000).default(50),
        maxCallsPerCaller: whole(1, 10_000).optional(),
        callsPerMinute: whole(1, 100_000).optional(),
        maxEventLoopDelayMs: whole(20, 60_000).default(250),
        maxMediaLatenessMs: whole(10, 10_000).default(40),
        whenFull: z.enum(['announce', 'continue']).default('announce'),
        drainMs: whole(0, 3_600_000).default(30_000),
      })
      .prefault({}),
    fleet: z
      .strictObject({
        node: nodeName.optional(),
        maxCalls: whole(1, 100_000).optional(),
        maxCallsPerCaller: whole(1, 100_000).optional(),
      })
      .prefault({}),
    records: z
      .strictObject({
        transcripts: toggle.default(false),
        recordings: toggle.default(false),
        keepDays: whole(1, 3_650).default(30),
        redact: z
          .strictObject({
            digits: toggle.default(false),
            cards: toggle.default(true),
            patterns: z.array(regularExpression).default([]),
          })
          .prefault({}),
        prices: z
          .strictObject({
            currency: text,
            perMinute: decimal(0, 1_000).default(0),
            tokens: z
              .record(z.string(), z.strictObject({ input: decimal(0, 10_000), output: decimal(0, 10_000) }))
              .default({}),
          })
          .optional(),
      })
      .prefault({}),
    monitoring: z
      .strictObject({
        enabled: toggle.default(true),
        listenAddress: ipAddress.default('127.0.0.1'),
        listenPort: whole(0, 65_535).default(9464),
      })
      .prefault({}),
    console: z
      .strictObject({
        enabled: toggle.default(false),
        listenAddress: ipAddress.default('127.0.0.1'),
        listenPort: whole(0, 65_535).default(8090),
        operateToken: token.optional(),
        viewToken: token.optional(),
        hostNames: z.array(text).exactOptional(),
        tls: z.strictObject({ certificate: text.optional(), key: text.optional() }).prefault({}),
        proxy: z
          .strictObject({
            addresses: z.array(ipAddress).min(1),
            header: text.default('x-forwarded-user'),
            operators: z.array(text).default([]),
          })
          .optional(),
        phone: z
          .strictObject({
            username: text.optional(),
            password: text.optional(),
            asteriskUrl: serverUrl.optional(),
          })
          .prefault({}),
      })
      .prefault({}),
    outgoing: z
      .strictObject({
        token: token.optional(),
        listenAddress: ipAddress.default('127.0.0.1'),
        listenPort: whole(0, 65_535).default(9465),
        server: identifier.optional(),
        endpoint: text
          .regex(/^[A-Za-z]\w*\/[^\s&]*\{number\}[^\s&]*$/, 'an endpoint as in Dial() with {number} in it')
          .default('PJSIP/{number}'),
        callerId: text.default('agent'),
        ringMs: whole(1_000, 120_000).default(30_000),
        resultContext: text.default('voice-agent-result'),
      })
      .prefault({}),
    latencyTargets: z
      .strictObject({
        totalMs: whole(1, 60_000).default(700),
        llmMs: whole(1, 60_000).default(500),
        ttsFirstAudioMs: whole(1, 60_000).default(100),
      })
      .prefault({}),
  });
}

/** What the environment alone decides. */
export const environmentSchema = z.object({
  VOICE_AGENT_CONFIG_DIR: text.default('config'),
  VOICE_AGENT_DATA_DIR: text.default('var'),
  VOICE_AGENT_DATABASE: text
    .regex(/^postgres(?:ql)?:\/\//, 'a PostgreSQL server’s address, postgresql://USER@HOST/NAME')
    .optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['auto', 'json', 'pretty']).default('auto'),
});

export type AgentsFile = z.infer<typeof agentsFile>;
export type ProvidersFile = z.infer<ReturnType<typeof providersFile>>;
