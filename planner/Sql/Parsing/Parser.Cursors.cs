using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>DECLARE, FETCH, MOVE, CLOSE.</summary>
internal sealed partial class Parser
{
    private DeclareCursorStatement DeclareCursor()
    {
        Advance();
        var name = ColumnId();
        var isBinary = false;
        bool? isScroll = null;
        while (!Is(Keyword.Cursor))
        {
            if (Accept(Keyword.Binary))
            {
                isBinary = true;
            }
            else if (Accept(Keyword.Scroll))
            {
                isScroll = isScroll == false ? throw BothScrolls() : true;
            }
            else if (Accept(Keyword.No))
            {
                Expect(Keyword.Scroll);
                isScroll = isScroll == true ? throw BothScrolls() : false;
            }
            else if (!Accept(Keyword.Insensitive) && !Accept(Keyword.Asensitive))
            {
                // Every cursor is insensitive, so that the last two words say nothing.
                throw SyntaxError();
            }
        }

        Advance();
        var isHold = Accept(Keyword.With);
        if (isHold || Accept(Keyword.Without)) Expect(Keyword.Hold);
        Expect(Keyword.For);
        return new DeclareCursorStatement(name, Query()) { IsBinary = isBinary, IsHold = isHold, IsScroll = isScroll };
    }

    private static SqlException BothScrolls() => new(SqlState.InvalidCursorDefinition, "cannot specify both SCROLL and NO SCROLL");

    private FetchStatement Fetch()
    {
        var isMove = Advance().Keyword == Keyword.Move;
        var (direction, count) = FetchTarget();
        if (!Accept(Keyword.From)) Accept(Keyword.In);
        return new FetchStatement(ColumnId(), direction, count, isMove);
    }

    private (FetchDirection Direction, long? Count) FetchTarget()
    {
        if (Accept(Keyword.All)) return (FetchDirection.Forward, null);
        if (StartsSignedInteger(0)) return (FetchDirection.Forward, SignedInteger());
        // A direction is followed by more; alone it is the name of a cursor.
        if (!FollowsDirection()) return (FetchDirection.Forward, 1);
        switch (Current.Keyword)
        {
            case Keyword.Next:
                Advance();
                return (FetchDirection.Forward, 1);
            case Keyword.Prior:
                Advance();
                return (FetchDirection.Backward, 1);
            case Keyword.First:
                Advance();
                return (FetchDirection.Absolute, 1);
            case Keyword.Last:
                Advance();
                return (FetchDirection.Absolute, -1);
            case Keyword.Absolute:
                Advance();
                return (FetchDirection.Absolute, SignedInteger());
            case Keyword.Relative:
                Advance();
                return (FetchDirection.Relative, SignedInteger());
            case Keyword.Forward or Keyword.Backward:
                var direction = Advance().Keyword == Keyword.Forward ? FetchDirection.Forward : FetchDirection.Backward;
                if (Accept(Keyword.All)) return (direction, null);
                return (direction, StartsSignedInteger(0) ? SignedInteger() : 1);
            default:
                return (FetchDirection.Forward, 1);
        }
    }

    private bool FollowsDirection() =>
        IsColumnId(Peek(1)) || Peek(1).Keyword is Keyword.From or Keyword.In or Keyword.All || StartsSignedInteger(1);

    private bool StartsSignedInteger(int distance) =>
        Peek(distance).Kind == TokenKind.Integer || IsCharacter(Peek(distance), '+') || IsCharacter(Peek(distance), '-');

    private long SignedInteger()
    {
        var isNegative = Accept('-');
        if (!isNegative) Accept('+');
        var number = (long)IntegerValue(Expect(TokenKind.Integer));
        return isNegative ? -number : number;
    }

    private CloseCursorStatement Close()
    {
        Advance();
        return new CloseCursorStatement(Accept(Keyword.All) ? null : ColumnId());
    }
}
