namespace Temper.Privacy.Morphing;

/// <summary>What is written of a part so far, kept beside it: a stopped command goes on behind the last whole chunk.</summary>
internal sealed record RowJournal(string Key, string Data, int Rows, string First, string[] Chunks)
{
    public bool Equals(RowJournal? other) => other is not null && Rows == other.Rows && string.Equals(Key, other.Key, StringComparison.Ordinal)
        && string.Equals(Data, other.Data, StringComparison.Ordinal) && string.Equals(First, other.First, StringComparison.Ordinal);

    public override int GetHashCode() => HashCode.Combine(Key, Data, Rows, First);
}
