namespace Federation.Sql.Syntax;

/// <summary>A column, or what a function of it gives, by which the files of a table are laid out.</summary>
/// <param name="Transform">In lower case and the singular: identity, bucket, truncate, year, month, day, hour, void.</param>
/// <param name="Argument">The number of buckets, or the width that values are cut to.</param>
public sealed record TransformTerm(string Column, string Transform = "identity", int? Argument = null) : SyntaxNode;

/// <summary>One term of SORTED BY. NULLs are last in ascending order and first in descending order unless the term says it.</summary>
public sealed record SortTerm(TransformTerm Term, bool IsDescending, bool IsNullsFirst) : SyntaxNode;

/// <summary>What CREATE TABLE says of a table's files.</summary>
/// <param name="PartitionedBy">PARTITIONED BY (terms), as in Trino and Spark.</param>
/// <param name="SortedBy">SORTED BY (terms)</param>
/// <param name="Options">WITH (name = value, …)</param>
public sealed record TableLayout(EquatableArray<TransformTerm> PartitionedBy, EquatableArray<SortTerm> SortedBy,
    EquatableArray<OptionItem> Options);
