namespace Federation.Arrow.Ipc;

/// <summary>The values of a dictionary; owns one reference to their memory.</summary>
internal sealed record DictionaryValues(Column Column, BatchMemory Memory);
