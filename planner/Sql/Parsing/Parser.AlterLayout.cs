using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>The actions of ALTER TABLE on partitions and order, as Spark spells them, and in the words of CREATE TABLE.</summary>
internal sealed partial class Parser
{
    /// <summary>The action, or null where the words begin another one, of which none is read.</summary>
    private TableAction? LayoutAction()
    {
        if (Is(Keyword.Set) && IsCharacter(Peek(2), '(') && Peek(1).Text == "partitioning")
        {
            Skip(2);
            return new TableAction.SetPartitioning(TermsOrNone(TransformTerm));
        }

        if (Is(Keyword.Set) && Peek(1).Text is "partitioned" or "sorted" && Peek(2).Keyword == Keyword.By)
        {
            Skip(1);
            var isPartitions = Advance().Text == "partitioned";
            Skip(1);
            return isPartitions
                ? new TableAction.SetPartitioning(TermsOrNone(TransformTerm))
                : new TableAction.SetOrder(TermsOrNone(SortTerm));
        }

        if (IsWord("write")) return WriteOrder();
        // A column may be called partition, and a type field: then no name follows.
        var isField = NextIs(Keyword.Partition) && Peek(2).Text == "field" && IsColumnLabel(Peek(3)) && !IsEndOfColumn(Peek(3));
        if (!isField) return null;
        switch (Current.Keyword)
        {
            case Keyword.Add:
                Skip(3);
                return new TableAction.AddPartitionField(TransformTerm(), FieldName());
            case Keyword.Drop:
                Skip(3);
                return new TableAction.DropPartitionField(TransformTerm());
        }

        if (!IsWord("replace")) return null;
        Skip(3);
        var old = TransformTerm();
        Expect(Keyword.With);
        return new TableAction.ReplacePartitionField(old, TransformTerm(), FieldName());
    }

    /// <summary>WRITE ORDERED BY terms, WRITE LOCALLY ORDERED BY terms, WRITE UNORDERED.</summary>
    private TableAction.SetOrder WriteOrder()
    {
        Advance();
        if (IsWord("unordered"))
        {
            Advance();
            return new TableAction.SetOrder(default);
        }

        if (IsWord("locally")) Advance();
        if (!IsWord("ordered")) throw SyntaxError();
        Advance();
        Expect(Keyword.By);
        return new TableAction.SetOrder(Is('(') ? ParenthesisedList(SortTerm) : CommaList(SortTerm));
    }

    private string? FieldName() => Accept(Keyword.As) ? ColumnId() : null;

    private EquatableArray<T> TermsOrNone<T>(Func<T> term)
    {
        if (!NextIs(')')) return ParenthesisedList(term);
        Skip(2);
        return default;
    }

    /// <summary>A word that goes on with a column's definition.</summary>
    private static bool IsEndOfColumn(Token token) => token.Keyword is Keyword.Not or Keyword.Null or Keyword.Default or Keyword.Check
        or Keyword.Primary or Keyword.Unique or Keyword.References or Keyword.Constraint or Keyword.Generated or Keyword.Collate;
}
