import { accessOf, Requires } from '@dailydoco/auth';
import type { Access } from '@dailydoco/auth';
import { Catch, Controller, UseFilters } from '@nestjs/common';
import type { ExceptionFilter } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { GrpcHandlers, ServiceDefinition } from './definitions.js';

/** Ties decorated methods to this transport: other transports of the same application do not see them. */
export const GRPC_TRANSPORT_ID = Symbol('dailydoco:grpc');

type ControllerClass<Instance> = abstract new (...args: never[]) => Instance;

/** What the decorator tells the transport about one handler, beside the RPC's path. */
export interface HandlerExtras {
  /** `Class.method`, for people. */
  readonly label: string;
  /** Read when the server starts: decorators above `@GrpcController` have not run when it does. */
  readonly access: () => Access | undefined;
}

/** Nest's own filter would turn every error into "Internal server error"; which status it gets is the transport's. */
@Catch()
class PassErrorsOn implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/**
 * Makes a class the Nest controller of a gRPC service. Its methods named like an RPC of the definition (lowerCamel)
 * serve that RPC; the compiler checks their types. The server does not start while an RPC of a registered service lacks
 * a handler, or a handler lacks `@GrpcRequires`.
 */
export function GrpcController<D extends ServiceDefinition>(definition: D) {
  return (target: ControllerClass<Partial<GrpcHandlers<D>>>): void => {
    for (const [method, rpc] of Object.entries(definition)) bindMethod(target, method, rpc.path);
    UseFilters(new PassErrorsOn())(target);
    Controller()(target);
  };
}

/**
 * Says who may call an RPC, or every RPC of a controller; the method's own word counts first. There is no default: a
 * server with an RPC about which nothing is said does not start.
 */
export function GrpcRequires(access: Access): MethodDecorator & ClassDecorator {
  return Requires(access);
}

function bindMethod(target: ControllerClass<unknown>, method: string, path: string): void {
  const prototype: object = target.prototype;
  const handler: unknown = Reflect.get(prototype, method);
  if (!isHandler(handler)) return;
  const extras: HandlerExtras = { label: `${target.name}.${method}`, access: () => accessOf(target, handler) };
  MessagePattern(path, GRPC_TRANSPORT_ID, extras)(prototype, method, { value: handler });
  Payload()(prototype, method, 0);
  Ctx()(prototype, method, 1);
}

function isHandler(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === 'function';
}
