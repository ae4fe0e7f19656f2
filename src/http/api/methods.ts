import type { RouteContract } from '../contract/index.ts';

/**
 * The methods that a path of the control API has, to tell a wrong method from a path that does not exist.
 * `path` is without its query.
 */
export function methodsAt(routes: Iterable<RouteContract>): (path: string) => string[] {
  const patterns = [...routes].map(({ method, path }) => ({
    method,
    // A model's name holds slashes, every other place is one part of the path.
    pattern: new RegExp(`^${path.replace(/\{name\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`),
  }));
  return (path) => [...new Set(patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].toSorted();
}
