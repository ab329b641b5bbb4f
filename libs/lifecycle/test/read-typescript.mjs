// Lets plain Node run the sources: it strips the types itself, but takes './x.js' at its word.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier.startsWith('.') ? specifier.replace(/\.js$/, '.ts') : specifier, context),
});
