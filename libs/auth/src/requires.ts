import { SetMetadata } from '@nestjs/common';
import 'reflect-metadata';
import type { Access } from './access.js';

const REQUIRES = 'dailydoco:requires';

/**
 * Says who may call a handler, or every handler of a controller; the handler's own word counts first. A handler about
 * which nothing is said lets nobody in. Throws RangeError for an access that lets nobody in or names an empty list,
 * since that is always a slip.
 */
export function Requires(access: Access): MethodDecorator & ClassDecorator {
  assertMeaningful(access);
  return SetMetadata(REQUIRES, access);
}

/**
 * What `@Requires` says about a handler: `controller` is the class, `handler` the method's function. Undefined when it
 * says nothing, which means nobody.
 */
export function accessOf(controller: object, handler: object): Access | undefined {
  const own: Access | undefined = Reflect.getMetadata(REQUIRES, handler);
  const inherited: Access | undefined = Reflect.getMetadata(REQUIRES, controller);
  return own ?? inherited;
}

function assertMeaningful({ anyone, person, apiKey, service }: Access): void {
  if (anyone === undefined && person === undefined && apiKey === undefined && service === undefined) {
    throw new RangeError('@Requires must name who may enter');
  }
  if (apiKey?.scopes.length === 0) throw new RangeError('@Requires: apiKey needs a scope');
  if (typeof person === 'object' && person.roles?.length === 0)
    throw new RangeError('@Requires: roles must not be empty');
}
