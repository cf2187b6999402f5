/** One HTTP request, as the listening thread hands it to the answering one: plain data that can cross threads. */
export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** As it was sent, without the question mark. */
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Never rejects because of what a client sent: a bad request gets an answer, too. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;
