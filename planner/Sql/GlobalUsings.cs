global using Federation.Core;
global using Federation.Core.Errors;
