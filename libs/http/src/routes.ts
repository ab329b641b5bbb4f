import { type Access, accessOf } from '@dailydoco/auth';
import type { Type } from '@nestjs/common';
import { PATH_METADATA, ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { type NestFastifyApplication, RouteConfig } from '@nestjs/platform-fastify';

/** What must be known about a route before its body is read. */
export interface RoutePolicy {
  /** Who may enter. */
  readonly access: Access;
  /** Whether the handler takes a body; where it does not, a body with members in it is refused. */
  readonly takesBody: boolean;
  /** Answered however busy the process is: what the cluster asks to know how it does. */
  readonly vital?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route has one; a route without it stops the boot. */
    policy?: RoutePolicy;
  }
}

/** The `config` of a plain Fastify route that everybody may call and that takes no body. */
export const OPEN_ROUTE: { readonly policy: RoutePolicy } = { policy: { access: { anyone: true }, takesBody: false } };

/** The same for a page by which the cluster knows how the process does. */
export const VITAL_ROUTE: { readonly policy: RoutePolicy } = { policy: { ...OPEN_ROUTE.policy, vital: true } };

/** A method of a controller that answers HTTP requests. */
export interface HandlerRef {
  readonly controller: Type;
  readonly methodName: string;
  readonly handler: (...args: never[]) => unknown;
}

/** A parameter of a handler, as Nest's parameter decorators describe it. */
export interface HandlerParameter {
  /** The kind of parameter; undefined for one made by createParamDecorator. */
  readonly kind: RouteParamtypes | undefined;
  readonly data: unknown;
  /** The function behind a decorator made by createParamDecorator. */
  readonly factory: unknown;
}

/** All handlers of the application's controllers. Controllers of other transports have no paths and are left out. */
export function handlersOf(app: NestFastifyApplication): HandlerRef[] {
  const scanner = new MetadataScanner();
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  return controllers.flatMap(({ metatype }) => {
    if (metatype === null || !isClass(metatype)) return [];
    return scanner.getAllMethodNames(metatype.prototype).flatMap((methodName): HandlerRef[] => {
      const handler: unknown = metatype.prototype[methodName];
      if (!isHandler(handler) || Reflect.getMetadata(PATH_METADATA, handler) === undefined) return [];
      return [{ controller: metatype, methodName, handler }];
    });
  });
}

/** The decorated parameters of a handler. */
export function parametersOf({ controller, methodName }: HandlerRef): HandlerParameter[] {
  const args: Record<string, { data?: unknown; factory?: unknown }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, methodName) ?? {};
  return Object.entries(args).map(([key, { data, factory }]) => {
    // Nest keys built-in parameters `<kind>:<index>` and custom ones `<random id>__customRouteArgs__:<index>`.
    const kind = Number(key.split(':')[0]);
    return { kind: Number.isInteger(kind) ? kind : undefined, data, factory };
  });
}

/**
 * Writes each handler's policy where Nest's Fastify adapter picks up route configuration, so that a hook can act on it
 * before the body is read. Throws when a handler does not say who may call it.
 */
export function publishPolicies(app: NestFastifyApplication): void {
  const silent: string[] = [];
  for (const handlerRef of handlersOf(app)) {
    const { controller, methodName, handler } = handlerRef;
    const access = accessOf(controller, handler);
    if (access === undefined) silent.push(`${controller.name}.${methodName}`);
    else {
      const policy: RoutePolicy = { access, takesBody: takesBody(handlerRef) };
      RouteConfig({ policy })(controller.prototype, methodName, { value: handler });
    }
  }
  if (silent.length > 0) throw new Error(`@Requires is missing: ${silent.join(', ')}`);
}

function takesBody(handlerRef: HandlerRef): boolean {
  const kinds: unknown[] = [RouteParamtypes.BODY, RouteParamtypes.RAW_BODY, RouteParamtypes.REQUEST];
  return parametersOf(handlerRef).some(({ kind }) => kinds.includes(kind));
}

function isClass(value: unknown): value is Type {
  return typeof value === 'function' && typeof value.prototype === 'object';
}

function isHandler(value: unknown): value is HandlerRef['handler'] {
  return typeof value === 'function';
}

/** The hooks that a route has of one kind, of which Fastify takes one or several. */
export function hooksOf<Hook extends object>(hooks: Hook | Hook[] | undefined): Hook[] {
  if (hooks === undefined) return [];
  return Array.isArray(hooks) ? hooks : [hooks];
}
