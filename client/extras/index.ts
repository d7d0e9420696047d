/** What many applications want on top of a network, made of nothing but its public surface. */
export { RequestError, type RequestErrorCode } from './request-error.ts'
export { requests, type IncomingRequest, type RequestOptions, type Requests, type RequestsOptions } from './requests.ts'
export { readableOf, writableOf } from './streams.ts'
