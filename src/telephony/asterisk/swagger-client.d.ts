/** The part of swagger-client 2.0.26 that we stand in for: it has no types of its own. */
declare module 'swagger-client' {
  export interface SwaggerAnswer {
    readonly url: string;
    readonly method: string;
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly data: string;
  }

  export interface SwaggerHttpRequest {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly on: {
      /** ari-client takes anything here, and rejects with it as it is when it has no `data`. */
      readonly error: (failure: unknown) => void;
      readonly response: (answer: SwaggerAnswer) => void;
    };
  }

  const swagger: {
    readonly SwaggerHttp: { readonly prototype: { execute(request: SwaggerHttpRequest): void } };
    /** Credentials by name, put into every request of every client of this process. */
    readonly authorizations: { remove(name: string): void };
  };
  export default swagger;
}
