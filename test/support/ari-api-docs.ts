/**
 * The part of ARI's self-description (Swagger 1.1) that our operations are built from, written by hand
 * in the form that Asterisk 22 serves under /ari/api-docs. A test compares it with a real Asterisk's.
 */
interface Parameter {
  readonly name: string;
  readonly paramType: 'path' | 'query' | 'body';
  readonly required: boolean;
  readonly dataType: string;
}

const parameter =
  (paramType: Parameter['paramType'], dataType = 'string') =>
  (text: string): Parameter => ({
    name: text.replace('!', ''),
    paramType,
    required: text.endsWith('!'),
    dataType,
  });

/** `path`, then operations as `[METHOD, nickname, response, query parameters]`; a `!` marks what is required. */
type Endpoint = readonly [string, ...(readonly [string, string, string, ...string[]])[]];

const RESOURCES: Readonly<Record<string, readonly Endpoint[]>> = {
  asterisk: [
    ['/asterisk/info', ['GET', 'getInfo', 'AsteriskInfo', 'only']],
    [
      '/asterisk/variable',
      ['GET', 'getGlobalVar', 'Variable', 'variable!'],
      ['POST', 'setGlobalVar', 'void', 'variable!', 'value'],
    ],
  ],
  applications: [['/applications/{applicationName}', ['GET', 'get', 'Application']]],
  channels: [
    ['/channels', ['GET', 'list', 'List[Channel]']],
    ['/channels/create', ['POST', 'create', 'Channel', 'channelId', 'endpoint!', 'app!', 'appArgs']],
    ['/channels/{channelId}/dial', ['POST', 'dial', 'void', 'timeout']],
    [
      '/channels/{channelId}',
      ['DELETE', 'hangup', 'void', 'reason'],
      [
        'POST',
        'originateWithId',
        'Channel',
        ...['endpoint!', 'app', 'appArgs', 'callerId', 'timeout', 'originator', 'formats'],
      ],
    ],
    ['/channels/{channelId}/ring', ['POST', 'ring', 'void'], ['DELETE', 'ringStop', 'void']],
    ['/channels/{channelId}/moh', ['POST', 'startMoh', 'void'], ['DELETE', 'stopMoh', 'void']],
    ['/channels/{channelId}/dtmf', ['POST', 'sendDTMF', 'void', 'dtmf']],
    ['/channels/{channelId}/answer', ['POST', 'answer', 'void']],
    [
      '/channels/{channelId}/continue',
      ['POST', 'continueInDialplan', 'void', 'context', 'extension', 'priority'],
    ],
    [
      '/channels/{channelId}/variable',
      ['GET', 'getChannelVar', 'Variable', 'variable!'],
      ['POST', 'setChannelVar', 'void', 'variable!', 'value'],
    ],
    [
      '/channels/externalMedia',
      [
        'POST',
        'externalMedia',
        'Channel',
        ...['channelId', 'app!', 'external_host', 'encapsulation', 'transport'],
        ...['connection_type', 'format!', 'direction', 'data'],
      ],
    ],
  ],
  bridges: [
    ['/bridges', ['GET', 'list', 'List[Bridge]']],
    [
      '/bridges/{bridgeId}',
      ['POST', 'createWithId', 'Bridge', 'type', 'name'],
      ['GET', 'get', 'Bridge'],
      ['DELETE', 'destroy', 'void'],
    ],
    ['/bridges/{bridgeId}/addChannel', ['POST', 'addChannel', 'void', 'channel!']],
    ['/bridges/{bridgeId}/removeChannel', ['POST', 'removeChannel', 'void', 'channel!']],
  ],
};

/** The operations that this description has, as `resource.nickname`, with method, path and parameters. */
export function describedOperations(): {
  resource: string;
  nickname: string;
  method: string;
  path: string;
  parameters: string[];
}[] {
  return Object.entries(RESOURCES).flatMap(([resource, endpoints]) =>
    endpoints.flatMap(([path, ...operations]) =>
      operations.map(([method, nickname, , ...query]) => ({
        resource,
        nickname,
        method,
        path,
        parameters: query.map((text) => text.replace('!', '')),
      })),
    ),
  );
}

/** What is served for `/ari/api-docs/<name>`; undefined: there is no such document. */
export function apiDoc(name: string, basePath: string): object | undefined {
  const common = { apiVersion: '9.0.0', swaggerVersion: '1.1', basePath };
  if (name === 'resources.json') {
    const apis = Object.keys(RESOURCES).map((resource) => ({
      path: `/api-docs/${resource}.{format}`,
      description: resource,
    }));
    return { ...common, apis };
  }
  const resource = RESOURCES[name.replace(/\.json$/, '')];
  if (!resource) return undefined;
  return { ...common, resourcePath: `/api-docs/${name}`, apis: resource.map(endpointDoc), models: {} };
}

function endpointDoc([path, ...operations]: Endpoint): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => parameter('path')(`${match[1] ?? ''}!`));
  return {
    path,
    description: path,
    operations: operations.map(([httpMethod, nickname, responseClass, ...query]) => ({
      httpMethod,
      nickname,
      responseClass,
      summary: nickname,
      parameters: [...inPath, ...query.map(parameter('query'))],
    })),
  };
}
