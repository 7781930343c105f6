using System.Globalization;

namespace Temper.Parallelism.Collectives;

/// <summary>
/// The position of this process among the ranks, read from the environment variables that a launcher (mpirun or
/// mpiexec) sets. No MPI library is loaded.
/// </summary>
/// <param name="Rank">Index of this rank, from 0.</param>
/// <param name="Size">Number of ranks.</param>
/// <param name="LocalSize">Number of ranks on this machine.</param>
/// <param name="IsMpich">Whether the launcher belongs to MPICH or a compatible library.</param>
public sealed record MpiLaunch(int Rank, int Size, int LocalSize, bool IsMpich)
{
    private static readonly (string Rank, string Size, string LocalSize, bool IsMpich)[] Launchers =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", false),
        ("PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", true),
    ];

    /// <summary>The launch of this process; null if no launcher started it.</summary>
    public static MpiLaunch? Current => Of(Environment.GetEnvironmentVariable);

    /// <summary>Reads the launch from environment variables.</summary>
    /// <param name="variable">Returns the value of a variable; null if it is not set.</param>
    public static MpiLaunch? Of(Func<string, string?> variable)
    {
        foreach ((string rankName, string sizeName, string localName, bool isMpich) in Launchers)
        {
            if (Number(variable(rankName)) is { } rank
                && Number(variable(sizeName)) is { } size && size >= 1 && rank < size)
            {
                return new MpiLaunch(rank, size, Math.Clamp(Number(variable(localName)) ?? size, 1, size), isMpich);
            }
        }

        return null;
    }

    private static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
