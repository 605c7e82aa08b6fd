global using Federation.Core;
global using Federation.Core.Errors;
global using Federation.Core.Types;
global using Federation.Core.Values;
global using Federation.Core.Execution;
